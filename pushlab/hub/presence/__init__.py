"""Who is there, and the posts that tell the application."""
