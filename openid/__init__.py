"""OpenID Connect: what a provider says about whoever signs in there."""
