"""The templates of written notices that the product ships with, and the script that makes them."""
