"""`xnornode studio`: a local page on which a node is set up, recorded, trained and watched."""
