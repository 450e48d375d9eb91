//! Tests of flow_webhook.
