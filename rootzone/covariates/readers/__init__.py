"""How each product is laid out: a reader is one class in one file, named by a catalog entry.

The entry's ``reader: NAME`` is the module ``NAME`` of this package, whose ``READER`` is the reader,
or an entry point ``NAME`` of the group ``rootzone.readers`` in a package of your own. What a reader
must do stands in `protocol`; `registry` finds it. Products that differ only in names, tiles, units,
codes or grids need no reader of their own: those are data of the entry.
"""
