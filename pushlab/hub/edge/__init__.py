"""Where connections come in: heads, bodies, upgrades, and what bounds them."""
