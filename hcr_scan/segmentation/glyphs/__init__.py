"""Pieces of ink put together to glyphs, and touching glyphs taken apart. :mod:`.chunks` asks the others."""
