"""How soon a hub notices that a page has gone, over every transport."""
