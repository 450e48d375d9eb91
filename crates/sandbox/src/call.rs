//! A decoded API call: method, path, parameters, version and key.

use super::api_error::ApiError;
use super::params::Params;

/// An API call, as every endpoint receives it.
#[derive(Debug)]
pub struct Call {
    /// `GET`, `POST` or `DELETE`.
    pub method: &'static str,
    /// The path, without doubled slashes.
    pub path: String,
    /// Decoded parameters.
    pub params: Params,
    /// API version to answer in.
    pub version: String,
    /// False when the request names no version and gets the default one. Such a request may still
    /// send what the newest version dropped, because the Stripe CLI's triggers do.
    pub names_version: bool,
    /// The secret or publishable key.
    pub key: String,
    /// The caller's address.
    pub client_ip: String,
}

const CURRENCIES: &str = "\
    usd aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bhd bif bmd bnd bob brl bsd bwp \
    byn bzd cad cdf chf clp cny cop crc cve czk djf dkk dop dzd egp etb eur fjd fkp gbp gel gip \
    gmd gnf gtq gyd hkd hnl hrk htg huf idr ils inr isk jmd jod jpy kes kgs khr kmf krw kwd kyd \
    kzt lak lbp lkr lrd lsl mad mdl mga mkd mmk mnt mop mur mvr mwk mxn myr mzn nad ngn nio nok \
    npr nzd omr pab pen pgk php pkr pln pyg qar ron rsd rub rwf sar sbd scr sek sgd shp sle sos \
    srd std szl thb tjs tnd top try ttd twd tzs uah ugx uyu uzs vnd vuv wst xaf xcd xof xpf yer \
    zar zmw";

/// Currencies without a smaller unit.
const ZERO_DECIMAL: &str = "bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf";
/// Currencies without a smaller unit that the API takes in hundredths all the same.
const HUNDREDTHS_ONLY: [&str; 2] = ["isk", "ugx"];
/// Currencies whose payouts have no smaller unit.
const WHOLE_PAYOUTS: [&str; 4] = ["huf", "isk", "twd", "ugx"];
/// Currencies in thousandths, of which the last digit is 0.
const THREE_DECIMAL: [&str; 5] = ["bhd", "jod", "kwd", "omr", "tnd"];

/// The currencies that Stripe takes.
pub fn currencies() -> impl Iterator<Item = &'static str> {
    CURRENCIES.split_whitespace()
}

impl Call {
    /// A call that the sandbox makes itself: `POST /v1/PATH`.
    pub fn own(path: &str, params: Params, version: &str) -> Self {
        Self {
            method: "POST",
            path: format!("/v1/{path}"),
            params,
            version: version.to_owned(),
            names_version: false,
            key: "sk_test_sandbox".to_owned(),
            client_ip: String::new(),
        }
    }

    /// A call of the same caller with other parameters, or at another path.
    pub fn again(&self, path: &str, params: Params) -> Self {
        Self {
            method: self.method,
            path: path.to_owned(),
            params,
            version: self.version.clone(),
            names_version: self.names_version,
            key: self.key.clone(),
            client_ip: self.client_ip.clone(),
        }
    }

    /// The currency; an unknown one is refused.
    pub fn currency(&self) -> Result<String, ApiError> {
        let currency = self.params.required("currency")?.trim().to_lowercase();
        if CURRENCIES.split_whitespace().any(|known| known == currency) {
            return Ok(currency);
        }
        let known = CURRENCIES.split_whitespace().collect::<Vec<_>>().join(", ");
        let message = format!(
            "Invalid currency: {currency}. Stripe currently supports these currencies: {known}"
        );
        Err(ApiError { saved: false, ..ApiError::invalid(message) }.param("currency"))
    }

    /// The amount; a missing or non-positive one is refused.
    pub fn amount(&self) -> Result<i64, ApiError> {
        self.params.amount("amount")?.ok_or_else(|| ApiError::missing("amount"))
    }

    /// Whether the call has this method.
    pub fn is(&self, method: &str) -> bool {
        self.method == method
    }
}

/// A formatted amount: `$20.00`, `€20.00`, `¥2000`, `20.00 PLN`.
pub fn money(amount: i64, currency: &str) -> String {
    let zero = ZERO_DECIMAL.split_whitespace().any(|code| code == currency);
    let figure = if zero {
        amount.to_string()
    } else if THREE_DECIMAL.contains(&currency) {
        format!("{}.{:03}", amount / 1000, (amount % 1000).abs())
    } else {
        format!("{}.{:02}", amount / 100, (amount % 100).abs())
    };
    match currency {
        "usd" => format!("${figure}"),
        "eur" => format!("€{figure}"),
        "gbp" => format!("£{figure}"),
        "jpy" => format!("¥{figure}"),
        other => format!("{figure} {}", other.to_uppercase()),
    }
}

/// Refuses an amount that is smaller than the currency's smallest coin allows.
pub fn check_step(amount: Option<i64>, currency: &str) -> Result<(), ApiError> {
    let step = match currency {
        _ if HUNDREDTHS_ONLY.contains(&currency) => 100,
        _ if THREE_DECIMAL.contains(&currency) => 10,
        _ => 1,
    };
    divisible(amount, currency, step)
}

/// The same for a payout.
pub fn check_payout_step(amount: i64, currency: &str) -> Result<(), ApiError> {
    if WHOLE_PAYOUTS.contains(&currency) {
        return divisible(Some(amount), currency, 100);
    }
    check_step(Some(amount), currency)
}

fn divisible(amount: Option<i64>, currency: &str, step: i64) -> Result<(), ApiError> {
    if amount.is_none_or(|amount| amount % step == 0) {
        return Ok(());
    }
    let message = format!(
        "Invalid amount: amounts in {} must be evenly divisible by {step}.",
        currency.to_uppercase()
    );
    Err(ApiError { saved: false, ..ApiError::invalid(message) }.param("amount"))
}

/// Refuses a charge below Stripe's minimum.
pub fn check_minimum(amount: i64, currency: &str) -> Result<(), ApiError> {
    let least = match currency {
        "gbp" => 30,
        "dkk" => 250,
        "sek" | "nok" => 300,
        "hkd" => 400,
        "mxn" => 1_000,
        "huf" => 17_500,
        "czk" => 1_500,
        "usd" | "eur" | "cad" | "aud" | "nzd" | "chf" | "jpy" | "sgd" | "brl" => 50,
        _ => 1,
    };
    if amount >= least {
        return Ok(());
    }
    let message = format!("Amount must be at least {} {currency}", money(least, currency));
    Err(ApiError::parameter("amount_too_small", "amount", message))
}
