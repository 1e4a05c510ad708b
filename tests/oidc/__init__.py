"""A small OpenID provider that real clients log in at: discovery, a login form, code with PKCE, keys that rotate."""
