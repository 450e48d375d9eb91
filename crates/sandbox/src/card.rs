//! Stripe's test cards: what each number, token and payment method does.

use super::api_error::ApiError;
use super::card_country;

/// What a test card does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behavior {
    /// Pays.
    Pay,
    /// Pays, and the money is available at once.
    PayAvailable,
    /// Pays, then is disputed for a reason.
    Dispute(&'static str, DisputeKind),
    /// Pays with a risk level.
    Risk(&'static str),
    /// Pays; the refund comes back later.
    RefundFails,
    /// Pays; the refund is pending at first.
    RefundPends,
    /// Asks the card's holder for authentication (3-D Secure).
    Authenticate(Authentication),
    /// Pays; a check fails: `cvc_check`, `address_zip_check`.
    CheckFails(&'static str),
    /// Declines: code, decline code, message, param, and when.
    Decline(&'static str, &'static str, &'static str, &'static str, DeclinedWhen),
}

/// When a card asks for authentication, and how the payment ends then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authentication {
    /// Unless it was set up for payments off session.
    UnlessSetUp,
    /// For every payment.
    Always,
    /// Only on session: it counts as set up already.
    OnSession,
    /// For every payment, which is declined then.
    ThenDeclined,
    /// For every payment; the bank's authentication does not work.
    Broken,
    /// Only when the merchant asks for it.
    OnRequest,
}

/// Whether a dispute takes the money back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DisputeKind {
    /// Withdraws the amount.
    Chargeback,
    /// Withdraws nothing.
    Inquiry,
}

/// When a card is declined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeclinedWhen {
    /// When it is attached to a customer, and when it is charged.
    Attached,
    /// Only when it is charged.
    Charged,
}

/// One test card.
#[derive(Debug, Clone, Copy)]
pub struct TestCard {
    /// The number; invented where Stripe publishes none.
    pub number: &'static str,
    /// Its tokens, without `tok_`.
    pub tokens: &'static [&'static str],
    /// Brand as old API versions write it.
    pub brand: &'static str,
    /// `credit`, `debit`, `prepaid`.
    pub funding: &'static str,
    /// Two letters.
    pub country: &'static str,
    /// What it does.
    pub behavior: Behavior,
}

const DECLINED: &str = "Your card was declined.";
const VISA: TestCard = TestCard {
    number: "4242424242424242",
    tokens: &["visa", "us"],
    brand: "Visa",
    funding: "credit",
    country: "US",
    behavior: Behavior::Pay,
};

const fn card(
    number: &'static str,
    tokens: &'static [&'static str],
    brand: &'static str,
    funding: &'static str,
) -> TestCard {
    TestCard { number, tokens, brand, funding, ..VISA }
}

const fn visa(
    number: &'static str,
    tokens: &'static [&'static str],
    behavior: Behavior,
) -> TestCard {
    TestCard { number, tokens, behavior, ..VISA }
}

const fn decline(code: &'static str, message: &'static str) -> Behavior {
    Behavior::Decline("card_declined", code, message, "", DeclinedWhen::Attached)
}

const fn fails_later(code: &'static str) -> Behavior {
    Behavior::Decline("card_declined", code, DECLINED, "", DeclinedWhen::Charged)
}

const fn asks(
    number: &'static str,
    tokens: &'static [&'static str],
    when: Authentication,
) -> TestCard {
    visa(number, tokens, Behavior::Authenticate(when))
}

/// All of them but those of other countries.
pub const CARDS: &[TestCard] = &[
    VISA,
    card("4000056655665556", &["visa_debit", "visa_debit_us_transferSuccess"], "Visa", "debit"),
    card("5555555555554444", &["mastercard"], "MasterCard", "credit"),
    card("5200828282828210", &["mastercard_debit"], "MasterCard", "debit"),
    card("5105105105105100", &["mastercard_prepaid"], "MasterCard", "prepaid"),
    card("2223003122003222", &[], "MasterCard", "credit"),
    card("378282246310005", &["amex"], "American Express", "credit"),
    card("371449635398431", &[], "American Express", "credit"),
    card("6011111111111117", &["discover"], "Discover", "credit"),
    card("3056930009020004", &["diners"], "Diners Club", "credit"),
    card("3566002020360505", &["jcb"], "JCB", "credit"),
    card("6200000000000005", &["unionpay"], "UnionPay", "credit"),
    visa("4000000000000077", &["bypassPending"], Behavior::PayAvailable),
    visa("4000003720000278", &["bypassPendingInternational"], Behavior::PayAvailable),
    visa(
        "4000000000000259",
        &["createDispute"],
        Behavior::Dispute("fraudulent", DisputeKind::Chargeback),
    ),
    visa(
        "4000000000002685",
        &["createDisputeProductNotReceived"],
        Behavior::Dispute("product_not_received", DisputeKind::Chargeback),
    ),
    visa(
        "4000000000001976",
        &["createDisputeInquiry"],
        Behavior::Dispute("fraudulent", DisputeKind::Inquiry),
    ),
    visa("4000000000005126", &["refundFail"], Behavior::RefundFails),
    visa("4000000000005423", &["createIssuerFraudRecord"], Behavior::Pay),
    visa("4000000000009235", &["riskLevelElevated"], Behavior::Risk("elevated")),
    visa("4000000000004954", &["riskLevelHighest"], Behavior::Risk("highest")),
    visa("4000000000000101", &["cvcCheckFail"], Behavior::CheckFails("cvc_check")),
    visa("4000000000000036", &["avsZipFail"], Behavior::CheckFails("address_zip_check")),
    visa("4000000000007726", &["pendingRefund"], Behavior::RefundPends),
    asks("4000002500003155", &["authenticationRequiredOnSetup"], Authentication::UnlessSetUp),
    asks("4000002760003184", &["authenticationRequired"], Authentication::Always),
    asks(
        "4000003800000446",
        &["authenticationRequiredSetupForOffSession"],
        Authentication::OnSession,
    ),
    asks("4000000000003220", &["threeDSecure2Required"], Authentication::Always),
    asks("4000000000003063", &["threeDSecureRequired"], Authentication::Always),
    asks("4000008400001629", &["threeDSecureRequiredChargeDeclined"], Authentication::ThenDeclined),
    asks("4000008400001280", &["threeDSecureRequiredProcessingError"], Authentication::Broken),
    asks("4000000000003055", &["threeDSecureOptional"], Authentication::OnRequest),
    asks("4000000000003097", &["threeDSecureOptionalProcessingError"], Authentication::OnRequest),
    visa(
        "4000000000000002",
        &["chargeDeclined", "visa_chargeDeclined"],
        decline("generic_decline", DECLINED),
    ),
    visa(
        "4000000000009995",
        &[
            "chargeDeclinedInsufficientFunds",
            "visa_chargeDeclinedInsufficientFunds",
            "visa_debit_chargeDeclinedInsufficientFunds",
        ],
        decline("insufficient_funds", "Your card has insufficient funds."),
    ),
    visa(
        "4000000000009987",
        &["visa_chargeDeclinedLostCard", "chargeDeclinedLostCard"],
        decline("lost_card", DECLINED),
    ),
    visa(
        "4000000000009979",
        &["visa_chargeDeclinedStolenCard", "chargeDeclinedStolenCard"],
        decline("stolen_card", DECLINED),
    ),
    visa(
        "4000000000000069",
        &["chargeDeclinedExpiredCard", "visa_chargeDeclinedExpiredCard"],
        Behavior::Decline(
            "expired_card",
            "",
            "Your card has expired.",
            "exp_month",
            DeclinedWhen::Attached,
        ),
    ),
    visa(
        "4000000000000127",
        &["chargeDeclinedIncorrectCvc", "visa_chargeDeclinedIncorrectCvc"],
        Behavior::Decline(
            "incorrect_cvc",
            "",
            "Your card's security code is incorrect.",
            "cvc",
            DeclinedWhen::Attached,
        ),
    ),
    visa(
        "4000000000000119",
        &["chargeDeclinedProcessingError", "visa_chargeDeclinedProcessingError"],
        Behavior::Decline(
            "processing_error",
            "",
            "An error occurred while processing your card. Try again in a little bit.",
            "",
            DeclinedWhen::Attached,
        ),
    ),
    visa(
        "4000000000006975",
        &["visa_chargeDeclinedVelocityLimitExceeded"],
        decline(
            "card_velocity_exceeded",
            "Your card was declined for making repeated attempts \
            too frequently or exceeding its amount limit.",
        ),
    ),
    visa(
        "4100000000000019",
        &["chargeDeclinedFraudulent", "visa_chargeDeclinedFraudulent", "radarBlock"],
        decline("fraudulent", DECLINED),
    ),
    visa(
        "4000000000000341",
        &["chargeCustomerFail", "visa_chargeCustomerFail"],
        fails_later("generic_decline"),
    ),
    visa("4000000000000341l", &["visa_chargeCustomerFailLostCard"], fails_later("lost_card")),
    visa("4000000000000341s", &["visa_chargeCustomerFailStolenCard"], fails_later("stolen_card")),
];

/// The card a published token (`tok_visa`) or payment method (`pm_card_visa`) means.
pub fn published(id: &str) -> Option<TestCard> {
    let name = id.strip_prefix("tok_").or_else(|| id.strip_prefix("pm_card_"))?;
    let found = CARDS.iter().find(|card| card.tokens.contains(&name)).copied();
    found.or_else(|| card_country::published(name).map(of_country))
}

fn of_country(card: &(&'static str, &'static str, &'static str)) -> TestCard {
    let (number, _, country) = *card;
    TestCard { number, country, tokens: &[], brand: brand(number), ..VISA }
}

/// What a number does; real cards are declined in test mode.
pub fn behavior(number: &str) -> Behavior {
    if card_country::of_number(number).is_some() {
        return Behavior::Pay;
    }
    CARDS.iter().find(|card| card.number == number).map_or(
        Behavior::Decline(
            "card_declined",
            "test_mode_live_card",
            "Your card was declined. Your request was in test mode, but used a non test (live) \
             card. For a list of valid test cards, visit: https://stripe.com/docs/testing.",
            "",
            DeclinedWhen::Attached,
        ),
        |card| card.behavior,
    )
}

/// The card of a number, for its brand and funding.
pub fn of_number(number: &str) -> TestCard {
    if let Some(card) = CARDS.iter().find(|card| card.number == number) {
        return *card;
    }
    if let Some(card) = card_country::of_number(number) {
        return of_country(card);
    }
    TestCard { brand: brand(number), ..VISA }
}

/// The brand of a number by its first digits.
fn brand(number: &str) -> &'static str {
    match number.as_bytes() {
        [b'4', ..] => "Visa",
        [b'5' | b'2', ..] => "MasterCard",
        [b'3', b'4' | b'7', ..] => "American Express",
        [b'6', b'2', ..] => "UnionPay",
        [b'6', ..] => "Discover",
        [b'3', b'5', ..] => "JCB",
        [b'3', ..] => "Diners Club",
        _ => "Unknown",
    }
}

/// A brand as newer objects spell it.
pub fn network(brand: &str) -> String {
    match brand {
        "American Express" => "amex".into(),
        "Diners Club" => "diners".into(),
        other => other.to_lowercase(),
    }
}

/// The refusal of a payment whose card asks for authentication that cannot be had.
pub fn authentication_required(behavior: Behavior) -> Option<ApiError> {
    use Authentication::{OnRequest, OnSession};
    match behavior {
        Behavior::Authenticate(OnRequest | OnSession) => None,
        Behavior::Authenticate(_) => {
            let message = "Your card was declined. This transaction requires authentication.";
            let mut refusal = ApiError::card("authentication_required", message);
            refusal.decline_code = Some("authentication_required");
            Some(refusal)
        }
        _ => None,
    }
}

/// The refusal of a declined card.
pub fn refusal(behavior: Behavior) -> Option<ApiError> {
    let Behavior::Decline(code, decline_code, message, param, _) = behavior else { return None };
    let mut refusal = ApiError::card(code, message);
    refusal.decline_code = (!decline_code.is_empty()).then_some(decline_code);
    refusal.param = (!param.is_empty()).then(|| param.into());
    Some(refusal)
}

/// The check digit of a card number.
pub fn passes_luhn(number: &str) -> bool {
    let digits = number.bytes().rev().map(|byte| u32::from(byte.wrapping_sub(b'0')));
    let sum: u32 = digits
        .enumerate()
        .map(|(at, digit)| match (at % 2, digit) {
            (0, digit) => digit,
            (_, digit) if digit > 4 => digit * 2 - 9,
            (_, digit) => digit * 2,
        })
        .sum();
    (12..=19).contains(&number.len())
        && number.bytes().all(|byte| byte.is_ascii_digit())
        && sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_published_number_is_a_card_number() {
        for card in CARDS.iter().filter(|card| card.number.bytes().all(|b| b.is_ascii_digit())) {
            assert!(passes_luhn(card.number), "{}", card.number);
        }
        for (number, ..) in card_country::CARDS {
            assert!(passes_luhn(number), "{number}");
        }
        assert!(!passes_luhn("4242424242424241"));
    }

    #[test]
    fn tokens_and_methods_name_cards() {
        assert_eq!(published("tok_visa").unwrap().number, "4242424242424242");
        assert_eq!(published("pm_card_chargeDeclined").unwrap().number, "4000000000000002");
        assert!(published("tok_nope").is_none());
        let refused = refusal(behavior("4000000000000069")).unwrap();
        assert_eq!((refused.code, refused.status), (Some("expired_card"), 402));
    }
}
