//! Number filters: prices, fractional units, formats, positive integers.

use crate::template::filters::money::{self, Style};
use crate::template::filters::number::Decimal;
use crate::template::filters::{alias, option};
use sluicegate_liquid::EngineBuilder;
use sluicegate_liquid::context::Context;
use sluicegate_liquid::error::Error;
use sluicegate_liquid::filter::Arguments;
use sluicegate_liquid::filters::math::Number;
use sluicegate_liquid::value::Value;
use sluicegate_liquid::value::numbers::to_integer;

type FilterResult = Result<Value, Error>;

/// Registers the number filters.
pub fn register(builder: &mut EngineBuilder) {
    alias(builder, &["pricify_cents"], |v, a, _| {
        let fractions = match Number::of(&v) {
            Number::Int(cents) => cents,
            Number::Float(cents) => to_integer(cents.round()),
        };
        Ok(price(fractions, a))
    });
    alias(builder, &["pricify"], |v, a, _| {
        let fractions = money::exact_fractions(Number::of(&v).float(), &a.text(0));
        Ok(price(fractions, a))
    });
    alias(builder, &["amount_to_fractional"], |v, a, _| {
        Ok(Value::Int(money::fractions(Number::of(&v).float(), &a.text(0))))
    });
    alias(builder, &["fractional_to_amount"], fractional_to_amount);
    alias(builder, &["format_number"], format_number);
    alias(builder, &["to_positive_integer"], to_positive_integer);
}

fn price(fractions: i64, arguments: &Arguments) -> Value {
    let is_on = |name, otherwise| match option(arguments, 1, name) {
        Value::Nil => otherwise,
        given => given.is_truthy(),
    };
    let style = Style {
        symbol: is_on("symbol", true),
        code: is_on("with_currency", false),
        no_cents_if_whole: is_on("no_cents_if_whole", true),
    };
    Value::text(money::price(fractions, &arguments.text(0), style))
}

/// Returns an integer where the currency has no fractional unit.
fn fractional_to_amount(value: Value, arguments: &Arguments, _: &mut Context<'_>) -> FilterResult {
    let fractions = match Number::of(&value) {
        Number::Int(whole) => whole,
        Number::Float(decimal) => to_integer(decimal.round()),
    };
    let code = arguments.text(0);
    if money::is_whole(&code) {
        let amount = money::amount(fractions, &code);
        // A hundredth of a currency that has none is not rounded away.
        let whole = to_integer(amount);
        return Ok(if whole as f64 == amount { Value::Int(whole) } else { Value::Float(amount) });
    }
    Ok(Value::Float(money::amount(fractions, &code)))
}

fn format_number(value: Value, arguments: &Arguments, context: &mut Context<'_>) -> FilterResult {
    if value.is_nil() {
        return Ok(value);
    }
    let text = match &value {
        Value::Time(time) => time.seconds().to_string(),
        other => other.to_text().into_owned(),
    };
    // A value that is not a number counts as zero, as in Ruby.
    let Some(decimal) = Decimal::read(&text).or_else(|| Decimal::read("0")) else {
        return Ok(value);
    };
    let option = |name: &str| option(arguments, 0, name);
    let places = option("precision").to_int().unwrap_or(3);
    let decimal = decimal.rounded(usize::try_from(places).unwrap_or(0).min(100));
    let strips = option("strip_insignificant_zeros").is_truthy();
    let decimal = if strips { decimal.stripped() } else { decimal };
    let text = |name, otherwise: &str| match option(name) {
        Value::Nil => otherwise.to_owned(),
        given => given.to_text().into_owned(),
    };
    let (separator, delimiter) = (text("separator", "."), text("delimiter", ""));
    // A number has at most 400 digits, in groups of three.
    context.budget.room(delimiter.len().saturating_mul(134).saturating_add(separator.len()))?;
    Ok(Value::text(decimal.write(&separator, &delimiter)))
}

fn to_positive_integer(value: Value, arguments: &Arguments, _: &mut Context<'_>) -> FilterResult {
    match value.to_int() {
        Some(number) if number > 0 => Ok(Value::Int(number)),
        _ => Ok(arguments.at(0).clone()),
    }
}
