"""Printed frames: where cells and boxes are, closed or open, however faint. :mod:`.finding` asks the others."""
