"""Shopify: webhooks in, tags and metafields out."""
