"""What the OpenAPI document says beyond the routes: names, tags, ways to sign in, examples."""
