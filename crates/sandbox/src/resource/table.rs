//! Every resource that the description drives.

use super::{
    Resource, catalog, credit_note, customer_money, discount, invoice, invoice_item,
    issuing_authorization, issuing_card, issuing_design, issuing_dispute, issuing_transaction,
    link, method_settings, portal, quote, subscription, subscription_schedule, tax, test_clock,
    topup,
};

/// All of them; paths with more words go before those that they begin with.
pub static RESOURCES: &[Resource] = &[
    catalog::PRODUCT,
    catalog::PRICE,
    catalog::PLAN,
    discount::COUPON,
    discount::PROMOTION_CODE,
    tax::TAX_RATE,
    tax::CUSTOMER_TAX_ID,
    tax::TAX_ID,
    link::SHIPPING_RATE,
    link::PAYMENT_LINK,
    link::FILE_LINK,
    link::EPHEMERAL_KEY,
    customer_money::BALANCE_TRANSACTION,
    topup::TOPUP,
    issuing_card::CARD,
    issuing_card::SHIPPING,
    issuing_authorization::AUTHORIZATION,
    issuing_authorization::TEST,
    issuing_transaction::TRANSACTION,
    issuing_transaction::TEST,
    issuing_dispute::DISPUTE,
    issuing_design::DESIGN,
    issuing_design::TEST,
    Resource {
        events: "issuing_token",
        ..Resource::new("issuing.token", "issuing/tokens", "intok_")
    },
    invoice_item::INVOICE_ITEM,
    invoice::INVOICE,
    credit_note::CREDIT_NOTE,
    quote::QUOTE,
    portal::SESSION,
    subscription::SUBSCRIPTION,
    subscription_schedule::SCHEDULE,
    test_clock::TEST_CLOCK,
    Resource::new("invoice_payment", "invoice_payments", "inpay_"),
    method_settings::DOMAIN,
    method_settings::CONFIGURATION,
];
