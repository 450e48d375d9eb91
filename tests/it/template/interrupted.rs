//! A host that cannot answer now: the render ends, whatever the template does about errors.

use super::fake_host::FakeHost;
use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};
use sluicegate::template::host::{FormCall, GraphqlCall, Host, Job, LogEntry, Transaction};
use sluicegate::template::output::OutputMode;
use sluicegate::template::render::Templates;
use sluicegate::template::request_context::RequestContext;
use sluicegate_module::catalog::Catalog;
use sluicegate_module::profile::Profile;
use sluicegate_module::source::Source;
use std::sync::Arc;

/// A host whose database is away.
struct Away(FakeHost);

impl Host for Away {
    fn graphql(&self, call: GraphqlCall) -> Json {
        self.0.graphql(call)
    }

    fn interruption(&self) -> Option<String> {
        Some("away".to_owned())
    }

    fn include_form(&self, _: FormCall) -> Result<String, String> {
        Err("no form".to_owned())
    }

    fn background(&self, _: Job) -> Result<String, String> {
        Err("no job".to_owned())
    }

    fn transaction(&self, step: Transaction) -> Result<(), String> {
        if step == Transaction::Commit { Err("no commit".to_owned()) } else { Ok(()) }
    }

    fn log(&self, entry: LogEntry) {
        self.0.log(entry);
    }

    fn now(&self) -> Timestamp {
        self.0.now()
    }

    fn random(&self, bytes: &mut [u8]) {
        self.0.random(bytes);
    }
}

#[test]
fn no_template_goes_on_without_an_answer() {
    let asks = [
        "{% graphql r = 'q' %}",
        "{% graphql r %}{ a }{% endgraphql %}",
        "{% execute_query 'q', result_name: 'r' %}",
        "{% include_form 'f' %}",
        "{% background source_name: 'b' %}x{% endbackground %}",
        "{% transaction %}x{% endtransaction %}",
    ];
    for ask in asks {
        for text in [
            format!("before {ask} after"),
            format!("{{% try %}}{ask}{{% catch e %}}caught{{% endtry %}} after"),
            format!("{{% capture x %}}{ask}{{% endcapture %}} after"),
        ] {
            for profile in [Profile::Modern, Profile::Legacy] {
                let source = Source::new("page", "page.liquid", 1, text.as_str(), profile);
                let templates = Templates::new(Arc::new(Catalog::default()));
                let context = RequestContext::new(Map::new());
                let host = Away(FakeHost::default());
                let rendered =
                    templates.render(&source, &context, json!({}), OutputMode::Raw, &host);
                let error = rendered.expect_err(&text);
                assert!(error.is_interruption(), "{text} {profile:?}: {error}");
                assert_eq!(error.message(), "away", "{text}");
            }
        }
    }
}
