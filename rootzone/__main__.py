"""``python -m rootzone``: the command line where the script is not on the path."""

from rootzone._cli import main

main()
