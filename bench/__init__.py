"""How long the product takes for what it does most."""
