"""Templates drafted from blanks: cells, boxes, lines and check boxes found, named, drawn and checked."""
