//! Checks the parameters of a call by the description, in Stripe's words.

use super::super::api_error::ApiError;
use super::super::params::Params;
use super::bound;
use super::field::{Field, Type};
use super::table::OPERATIONS;
use serde_json::{Map, Value};

/// Characters of a value that a message repeats.
const SHOWN_MAX: usize = 100;

/// What is wrong with the parameters: one of each kind, the first that was met.
#[derive(Default)]
struct Problems {
    unknown: Vec<String>,
    wrong: Option<ApiError>,
    missing: Option<String>,
}

/// Refuses parameters that the operation does not take; one that is not described takes anything.
pub fn check(method: &'static str, path: &[&str], params: &Params) -> Result<(), ApiError> {
    let Some(operation) = OPERATIONS.operation(method, path) else { return Ok(()) };
    let mut problems = Problems::default();
    let is_general = |name: &str| {
        name == "expand" || (name == "include" && operation.answer.starts_with("list:"))
    };
    problems.group(OPERATIONS.params(operation), params.values(), "", &is_general);
    problems.into_result()
}

/// A hash or an array as Ruby prints it, and so Stripe.
fn ruby(inner: &Map<String, Value>) -> String {
    let one = |value: &Value| match value {
        Value::Object(inner) => ruby(inner),
        other => format!("{:?}", other.as_str().unwrap_or_default()),
    };
    if inner.keys().all(|key| key.bytes().all(|byte| byte.is_ascii_digit())) {
        let items: Vec<String> = inner.values().map(one).collect();
        return format!("[{}]", items.join(", "));
    }
    let pairs: Vec<String> =
        inner.iter().map(|(key, value)| format!("{key:?}=>{}", one(value))).collect();
    format!("{{{}}}", pairs.join(", "))
}

impl Problems {
    fn into_result(self) -> Result<(), ApiError> {
        if let Some(first) = self.unknown.first() {
            let several = if self.unknown.len() > 1 { "s" } else { "" };
            let message =
                format!("Received unknown parameter{several}: {}", self.unknown.join(", "));
            return Err(ApiError::parameter("parameter_unknown", first, message));
        }
        if let Some(wrong) = self.wrong {
            return Err(wrong);
        }
        self.missing.map_or(Ok(()), |name| Err(ApiError::missing(&name)))
    }

    fn group(
        &mut self,
        fields: &[Field],
        values: &Map<String, Value>,
        prefix: &str,
        is_general: &dyn Fn(&str) -> bool,
    ) {
        for (name, value) in values {
            match fields.iter().find(|field| field.name == name) {
                Some(field) => self.field(field, value, &Name { prefix, name }),
                None if is_general(name) => {}
                None => self.unknown.push(shortened(&Name { prefix, name }.full())),
            }
        }
        if self.missing.is_none() {
            let absent =
                fields.iter().find(|field| field.always && !values.contains_key(field.name));
            self.missing = absent.map(|field| Name { prefix, name: field.name }.full());
        }
    }

    fn field(&mut self, field: &Field, value: &Value, name: &Name<'_>) {
        if value.as_str() == Some("") {
            // An endpoint decides what an empty string means where one can be sent.
            let can_be_empty = field.nullable
                || field.types.iter().any(|kind| {
                    // `offline=` is an empty hash.
                    matches!(kind, Type::Text(_) | Type::Any | Type::Group(_) | Type::Object)
                });
            if !can_be_empty {
                self.wrong(empty(&name.full()));
            }
            return;
        }
        self.value(&field.types, value, name);
    }

    fn value(&mut self, types: &[Type], value: &Value, name: &Name<'_>) {
        match value {
            Value::Object(inner) => self.nested(types, inner, name),
            Value::String(text) => {
                if let Err(refusal) = scalar(types, text, name) {
                    self.wrong(refusal);
                }
            }
            _ => {}
        }
    }

    fn nested(&mut self, types: &[Type], inner: &Map<String, Value>, name: &Name<'_>) {
        let is_nested = |kind: &&Type| {
            matches!(
                kind,
                Type::Group(_) | Type::Array(_) | Type::Map(_) | Type::Object | Type::Any
            )
        };
        // A list of alternatives: the first group that knows all the names, or else the first.
        let groups = types.iter().filter(|kind| match kind {
            Type::Group(group) => {
                let fields = OPERATIONS.group(group);
                inner.keys().all(|key| fields.iter().any(|field| field.name == key))
            }
            Type::Array(_) => inner.keys().all(|key| key.bytes().all(|byte| byte.is_ascii_digit())),
            _ => true,
        });
        let Some(kind) = groups.clone().find(is_nested).or(types.iter().find(is_nested)) else {
            let full = name.full();
            let (code, what) = match types.first() {
                Some(Type::Integer) => (Some("parameter_invalid_integer"), "integer"),
                Some(Type::Boolean) => (None, "boolean"),
                Some(Type::Number | Type::Decimal) => (None, "decimal"),
                _ => (None, "string"),
            };
            let given: String = ruby(inner).chars().take(SHOWN_MAX).collect();
            return self.wrong(refused(code, &full, format!("Invalid {what}: {given}")));
        };
        match kind {
            Type::Group(group) => {
                self.group(OPERATIONS.group(group), inner, &name.full(), &|_| false);
            }
            Type::Array(types)
                if inner.keys().all(|key| key.bytes().all(|b| b.is_ascii_digit())) =>
            {
                let most = bound::elements_max(name.name);
                if inner.len() > most {
                    let full = name.full();
                    let message = format!("Array {full} exceeded maximum {most} allowed elements.");
                    return self.wrong(refused(None, &full, message));
                }
                self.elements(types, inner, name);
            }
            Type::Array(_) => self.wrong(refused(None, &name.full(), "Invalid array".into())),
            // The texts of `metadata` are checked where they are merged.
            Type::Map(types) if name.name != "metadata" => self.elements(types, inner, name),
            _ => {}
        }
    }

    fn elements(&mut self, types: &[Type], inner: &Map<String, Value>, name: &Name<'_>) {
        let full = name.full();
        for (key, value) in inner {
            self.value(types, value, &Name { prefix: &full, name: key });
        }
    }

    fn wrong(&mut self, refusal: ApiError) {
        self.wrong.get_or_insert(refusal);
    }
}

/// A parameter's name, joined only when a message needs it.
struct Name<'n> {
    prefix: &'n str,
    name: &'n str,
}

impl Name<'_> {
    fn full(&self) -> String {
        if self.prefix.is_empty() {
            self.name.to_owned()
        } else {
            format!("{}[{}]", self.prefix, self.name)
        }
    }
}

/// Refuses a text that none of the types takes, in the words of the first.
fn scalar(types: &[Type], text: &str, name: &Name<'_>) -> Result<(), ApiError> {
    let mut first = None;
    for kind in types {
        match one(kind, text, name) {
            Ok(()) => return Ok(()),
            Err(refusal) => first = first.or(Some(refusal)),
        }
    }
    first.map_or(Ok(()), Err)
}

fn one(kind: &Type, text: &str, name: &Name<'_>) -> Result<(), ApiError> {
    let plain = |message: String| Err(refused(None, &name.full(), message));
    match kind {
        Type::Text(Some(most)) if text.len() > *most && text.chars().count() > *most => {
            let start: String = text.chars().take(12).collect();
            plain(format!("Invalid string: {start}...; must be at most {most} characters"))
        }
        Type::Text(_) if bound::is_no_address(name.name, name.prefix, text) => {
            Err(refused(Some("url_invalid"), &name.full(), "Not a valid URL".into()))
        }
        Type::Integer => integer(text, name),
        Type::Number | Type::Decimal
            if !is_decimal(text.trim()) || bound::is_too_long(text.trim()) =>
        {
            plain(format!("Invalid decimal: {}; must be a number", shortened(text)))
        }
        Type::Boolean if !matches!(text.trim(), "true" | "false") => {
            plain(format!("Invalid boolean: {}", shortened(text)))
        }
        Type::Choice(words) if !words.contains(&text) => {
            let full = name.full();
            plain(format!("Invalid {full}: must be {}", choice(words)))
        }
        Type::Array(_) => plain("Invalid array".into()),
        Type::Group(_) | Type::Map(_) | Type::Object => plain("Invalid object".into()),
        _ => Ok(()),
    }
}

fn integer(text: &str, name: &Name<'_>) -> Result<(), ApiError> {
    let problem = match text.trim().parse() {
        Ok(value) => bound::integer(name.name, value),
        Err(_) => Some(format!("Invalid integer: {}", shortened(text))),
    };
    problem.map_or(Ok(()), |message| {
        Err(refused(Some("parameter_invalid_integer"), &name.full(), message))
    })
}

/// `one of a, b, or c`, `either a or b`.
fn choice(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [first, second] => format!("one of {first} or {second}"),
        [first @ .., last] => format!("one of {}, or {last}", first.join(", ")),
    }
}

fn is_decimal(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    !(whole.is_empty() || fraction.is_empty()) && all(whole) && all(fraction)
}

fn refused(code: Option<&'static str>, param: &str, message: String) -> ApiError {
    ApiError { saved: false, code, ..ApiError::invalid(message) }.param(param)
}

fn empty(name: &str) -> ApiError {
    let message = format!(
        "You passed an empty string for '{name}'. We assume empty values are an attempt to unset a \
         parameter; however '{name}' cannot be unset. You should remove '{name}' from your request \
         or supply a non-empty value."
    );
    ApiError::parameter("parameter_invalid_empty", name, message)
}

fn shortened(text: &str) -> String {
    text.chars().take(SHOWN_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::super::super::form;
    use super::*;

    fn refusal(method: &'static str, path: &str, sent: &str) -> Option<(String, Option<String>)> {
        let path: Vec<&str> = path.split('/').collect();
        let params = Params::new(form::decode(sent.as_bytes()).unwrap());
        let refused = check(method, &path, &params).err()?;
        Some((refused.message, refused.param.map(String::from)))
    }

    fn message(path: &str, sent: &str) -> String {
        refusal("POST", path, sent).map_or_else(String::new, |(message, _)| message)
    }

    #[test]
    fn unknown_parameters_are_named_at_any_depth() {
        assert_eq!(message("charges", "amount=1&source=x&destination=acct_1&expand[]=x"), "");
        assert_eq!(message("charges", "bogus=1"), "Received unknown parameter: bogus");
        assert_eq!(message("charges", "a=1&b=2"), "Received unknown parameters: a, b");
        let sent = "shipping[name]=x&shipping[address][line1]=x&shipping[bogus]=1";
        assert_eq!(message("charges", sent), "Received unknown parameter: shipping[bogus]");
        assert_eq!(message("accounts", "requested_capabilities[]=x"), "");
        assert!(refusal("GET", "customers/cus_1", "expand[]=x").is_none());
        assert!(refusal("GET", "customers", "include[]=total_count&created[gt]=1").is_none());
    }

    #[test]
    fn values_of_the_wrong_type_are_refused() {
        assert_eq!(message("charges", "amount=abc"), "Invalid integer: abc");
        assert_eq!(message("charges", "amount[x]=1"), r#"Invalid integer: {"x"=>"1"}"#);
        assert_eq!(message("charges", "capture=1"), "Invalid boolean: 1");
        assert_eq!(message("charges", "expand=x"), "Invalid array");
        assert_eq!(message("charges", "shipping=x"), "Invalid object");
        assert_eq!(message("charges", "currency[a]=x"), r#"Invalid string: {"a"=>"x"}"#);
        assert_eq!(message("charges", "currency[]=x"), r#"Invalid string: ["x"]"#);
        assert_eq!(
            message("coupons", "percent_off=many"),
            "Invalid decimal: many; must be a number"
        );
        assert_eq!(message("coupons", "percent_off=12.5"), "");
    }

    #[test]
    fn words_lengths_and_required_parameters() {
        let (message, param) = refusal("POST", "coupons", "duration=ever").unwrap();
        assert_eq!(message, "Invalid duration: must be one of forever, once, or repeating");
        assert_eq!(param.as_deref(), Some("duration"));
        let long = format!("customer={}", "x".repeat(501));
        let (message, _) = refusal("POST", "charges", &long).unwrap();
        assert_eq!(message, "Invalid string: xxxxxxxxxxxx...; must be at most 500 characters");
        let (message, _) = refusal("POST", "prices", "unit_amount=1").unwrap();
        assert_eq!(message, "Missing required param: currency.");
        let nested = "currency=usd&recurring[interval_count]=1";
        let (message, param) = refusal("POST", "prices", nested).unwrap();
        assert_eq!(message, "Missing required param: recurring[interval].");
        assert_eq!(param.as_deref(), Some("recurring[interval]"));
    }
}
