//! Tests of flow_form.
