//! The types of payment methods: how a payment by each goes, and in which currencies.

use super::super::super::state::{Kind, ObjectName};
use super::super::super::tx::{Tx, text};
use serde_json::Value;

/// How a payment by a method goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Course {
    /// As its test card says.
    Card,
    /// It succeeds at once.
    Instant,
    /// The customer agrees on another page.
    Redirect,
    /// The bank answers days later.
    Debit,
    /// The customer transfers the money, or has done so.
    Transfer,
}

/// A type of payment method.
#[derive(Debug)]
pub struct MethodType {
    /// As the API names it.
    pub name: &'static str,
    /// How a payment goes.
    pub course: Course,
    /// Currencies it can be used with; all when empty.
    pub currencies: &'static str,
    /// Whether it can be attached to a customer.
    pub is_reusable: bool,
}

const fn kind(
    name: &'static str,
    course: Course,
    currencies: &'static str,
    is_reusable: bool,
) -> MethodType {
    MethodType { name, course, currencies, is_reusable }
}

const KLARNA: &str = "aud cad chf czk dkk eur gbp nok nzd pln ron sek usd";

/// All of them.
pub const TYPES: &[MethodType] = &[
    kind("card", Course::Card, "", true),
    kind("card_present", Course::Instant, "", false),
    kind("interac_present", Course::Instant, "cad", false),
    kind("link", Course::Instant, "", true),
    kind("us_bank_account", Course::Debit, "usd", true),
    kind("sepa_debit", Course::Debit, "eur", true),
    kind("bacs_debit", Course::Debit, "gbp", true),
    kind("au_becs_debit", Course::Debit, "aud", true),
    kind("acss_debit", Course::Debit, "cad usd", true),
    kind("nz_bank_account", Course::Debit, "nzd", true),
    kind("customer_balance", Course::Transfer, "usd eur gbp jpy mxn", false),
    kind("cashapp", Course::Redirect, "usd", true),
    kind("amazon_pay", Course::Redirect, "", true),
    kind("revolut_pay", Course::Redirect, "eur gbp ron huf pln dkk", true),
    kind(
        "paypal",
        Course::Redirect,
        "eur gbp usd chf czk dkk nok pln sek aud cad hkd nzd sgd",
        true,
    ),
    kind("ideal", Course::Redirect, "eur", false),
    kind("bancontact", Course::Redirect, "eur", false),
    kind("eps", Course::Redirect, "eur", false),
    kind("giropay", Course::Redirect, "eur", false),
    kind("sofort", Course::Redirect, "eur", false),
    kind("p24", Course::Redirect, "eur pln", false),
    kind("klarna", Course::Redirect, KLARNA, true),
    kind("affirm", Course::Redirect, "usd cad", false),
    kind("afterpay_clearpay", Course::Redirect, "usd cad gbp aud nzd eur", false),
    kind("alipay", Course::Redirect, "", true),
    kind("wechat_pay", Course::Redirect, "", false),
    kind("grabpay", Course::Redirect, "sgd myr", false),
    kind("fpx", Course::Redirect, "myr", false),
    kind("paynow", Course::Redirect, "sgd", false),
    kind("promptpay", Course::Redirect, "thb", false),
    kind("pix", Course::Redirect, "brl", false),
    kind("blik", Course::Redirect, "pln", false),
    kind("twint", Course::Redirect, "chf", false),
    kind("mobilepay", Course::Redirect, "dkk eur nok sek", false),
    kind("swish", Course::Redirect, "sek", false),
    kind("multibanco", Course::Redirect, "eur", false),
    kind("boleto", Course::Redirect, "brl", true),
    kind("oxxo", Course::Redirect, "mxn", false),
    kind("konbini", Course::Redirect, "jpy", false),
    kind("zip", Course::Redirect, "aud usd", false),
    kind("alma", Course::Redirect, "eur", false),
    kind("billie", Course::Redirect, "eur", false),
    kind("satispay", Course::Redirect, "eur", false),
    kind("kakao_pay", Course::Redirect, "krw", true),
    kind("kr_card", Course::Redirect, "krw", true),
    kind("naver_pay", Course::Redirect, "krw", true),
    kind("payco", Course::Redirect, "krw", false),
    kind("samsung_pay", Course::Redirect, "krw", false),
    kind("pay_by_bank", Course::Redirect, "gbp", false),
    kind("crypto", Course::Redirect, "usd", false),
];

/// What Stripe offers for a currency when nothing is chosen, in the order of a payment form.
const OFFERED: &[&str] = &[
    "card",
    "bancontact",
    "eps",
    "ideal",
    "klarna",
    "p24",
    "link",
    "us_bank_account",
    "cashapp",
    "sepa_debit",
    "bacs_debit",
    "au_becs_debit",
    "acss_debit",
    "alipay",
];

impl MethodType {
    /// Whether a payment in a currency can be made with it.
    pub fn takes(&self, currency: &str) -> bool {
        self.currencies.is_empty() || self.currencies.split(' ').any(|known| known == currency)
    }
}

/// A type by its name.
pub fn named(name: &str) -> Option<&'static MethodType> {
    TYPES.iter().find(|known| known.name == name)
}

/// The type of a payment method.
pub fn of(method: &Value) -> &'static MethodType {
    named(text(method, "type")).unwrap_or(&TYPES[0])
}

/// The types that are offered for a currency.
pub fn offered(currency: &str, with_redirects: bool) -> Vec<&'static str> {
    let known = OFFERED.iter().filter_map(|name| named(name));
    let fits = known.filter(|kind| {
        kind.takes(currency)
            && (with_redirects || kind.course != Course::Redirect)
            && (kind.name != "alipay" || currency == "cny")
    });
    fits.map(|kind| kind.name).collect()
}

/// The types that an account turned off in its default configuration.
pub fn is_off(tx: &Tx<'_>, name: &str) -> bool {
    let kind = Kind::Resource(ObjectName("payment_method_configuration"));
    let ids = tx.ids(kind);
    let default = ids.iter().rev().filter_map(|id| tx.get(kind, id));
    let mut default = default.filter(|configuration| configuration["is_default"] == true);
    default.next().is_some_and(|found| found[name]["display_preference"]["value"] == "off")
}
