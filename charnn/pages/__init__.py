"""Pages of HTML that need no network: what they are made of, and how a page is put together."""
