//! Tests of flow_graphql.
