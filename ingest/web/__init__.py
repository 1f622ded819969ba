"""What the guichet asks of the web: pages that staff name, their robots.txt, sitemaps, and whether links still live."""
