//! The platform's GraphQL schema and a typed mutation per request type.
