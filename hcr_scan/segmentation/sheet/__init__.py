"""The sheet itself: found in a photo, laid flat, straightened, turned upright."""
