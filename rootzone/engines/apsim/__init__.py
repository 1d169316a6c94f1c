"""APSIM Next Generation as an engine: write its files, run its ``Models``, read what it left.

APSIM is not ours and not part of this package: its licence is non-commercial and by agreement.
Nothing here is taken from its source; file layouts were learnt from files it accepted and wrote.
"""
