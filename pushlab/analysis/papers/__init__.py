"""Published claims, and whether they hold here."""
