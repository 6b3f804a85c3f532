"""Pages in tables of a database, through SQLAlchemy, which only this package imports."""
