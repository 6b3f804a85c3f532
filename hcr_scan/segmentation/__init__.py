"""From page ink to glyph crops: layout, cells, lines, words, in reading order."""
