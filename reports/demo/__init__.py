"""A street of invented people, to look at the product with (`manage.py load_demo`)."""

from reports.demo.people import ACCOUNTS, PASSWORD
from reports.demo.street import OccupiedError, is_loaded, load_demo

__all__ = ["ACCOUNTS", "PASSWORD", "OccupiedError", "is_loaded", "load_demo"]
