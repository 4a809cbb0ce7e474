"""The studio's page: what others made of it, its pictures, its checks."""
