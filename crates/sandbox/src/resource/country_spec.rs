//! Country specifications and exchange rates, made of public facts: each country's currency.
//!
//! The fields to verify are those that this sandbox's own onboarding asks for, and the rates are
//! rounded and fixed: Stripe's are its own data.

use super::super::call::currencies;
use serde_json::{Value, json};

/// The countries where a business can have an account, each with its currency.
const COUNTRIES: &str = "AE:aed AT:eur AU:aud BE:eur BG:eur BR:brl CA:cad CH:chf CY:eur CZ:czk \
    DE:eur DK:dkk EE:eur ES:eur FI:eur FR:eur GB:gbp GI:gbp GR:eur HK:hkd HR:eur HU:huf IE:eur \
    IT:eur JP:jpy LI:chf LT:eur LU:eur LV:eur MT:eur MX:mxn MY:myr NL:eur NO:nok NZ:nzd PL:pln \
    PT:eur RO:ron SE:sek SG:sgd SI:eur SK:eur TH:thb US:usd";

/// Units of a currency for a thousand dollars, rounded.
const RATES: &str = "aed:3670 aud:1500 brl:5400 cad:1360 chf:880 czk:23000 dkk:6900 eur:920 \
    gbp:790 hkd:7800 huf:360000 jpy:150000 mxn:18000 myr:4400 nok:10700 nzd:1650 pln:4000 \
    ron:4600 sek:10500 sgd:1340 thb:35000 usd:1000";

fn pairs(list: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    list.split_whitespace().filter_map(|pair| pair.split_once(':'))
}

/// What Stripe says of each country.
pub fn specs() -> Vec<Value> {
    pairs(COUNTRIES).map(|(country, currency)| spec(country, currency)).collect()
}

fn spec(country: &str, currency: &str) -> Value {
    let is_us = country == "US";
    let transfers: Vec<&str> =
        if is_us { pairs(COUNTRIES).map(|(country, _)| country).collect() } else { vec![country] };
    let mut accounts = json!({});
    accounts[currency] = json!([country]);
    let methods = if is_us { json!(["ach", "card", "stripe"]) } else { json!(["card", "stripe"]) };
    let common =
        ["external_account", "tos_acceptance.date", "tos_acceptance.ip", "business_profile.url"];
    let own = |names: &[&str]| {
        let minimum = [&common[..], names].concat();
        json!({"minimum": minimum, "additional": []})
    };
    json!({
        "id": country, "object": "country_spec", "default_currency": currency,
        "supported_bank_account_currencies": accounts,
        "supported_payment_currencies": currencies().collect::<Vec<_>>(),
        "supported_payment_methods": methods, "supported_transfer_countries": transfers,
        "verification_fields": {
            "company": own(&["company.address.line1", "company.name", "company.phone",
                "company.tax_id", "relationship.owner", "relationship.representative"]),
            "individual": own(&["individual.address.line1", "individual.dob.day",
                "individual.dob.month", "individual.dob.year", "individual.email",
                "individual.first_name", "individual.last_name", "individual.phone"]),
        },
    })
}

/// The rates of each currency to all others.
pub fn exchange_rates() -> Vec<Value> {
    let known: Vec<(&str, f64)> = pairs(RATES)
        .filter_map(|(currency, units)| Some((currency, units.parse().ok()?)))
        .collect();
    let all = known.iter().map(|(currency, units)| {
        let others = known.iter().map(|(other, theirs)| {
            let rate = (theirs / units * 1e6).round() / 1e6;
            ((*other).to_owned(), json!(rate))
        });
        json!({"id": currency, "object": "exchange_rate",
            "rates": Value::Object(others.filter(|(other, _)| other != currency).collect())})
    });
    all.collect()
}
