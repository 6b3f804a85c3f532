"""The writing in cells, with the frame taken away. :mod:`.writing` asks the others."""
