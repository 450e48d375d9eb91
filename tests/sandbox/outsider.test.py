# The official Python SDK as an outsider, the newest and one of the generation before it, which knows
# another API version: a payment with 3-D Secure, a refund, a subscription, a list to its end, webhooks.
# sdk: stripe==16.1.0 stripe==5.5.0
import os
import sys
import unittest
from http.server import BaseHTTPRequestHandler, HTTPServer
from queue import Queue
from threading import Thread
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import stripe

SANDBOX = os.environ["SANDBOX_URL"]
IS_NEW = hasattr(stripe, "StripeClient")
stripe.api_base = SANDBOX
stripe.api_key = "sk_test_outsider_python"
stripe.max_network_retries = 0
if not IS_NEW:
    stripe.api_version = "2022-11-15"
CARD = {"automatic_payment_methods": {"enabled": True, "allow_redirects": "never"}}
# stripe.error became stripe in the newest.
errors = stripe if IS_NEW else stripe.error


class Hook:
    """Receives webhooks."""

    def __enter__(self):
        received = self.received = Queue()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                received.put((body, self.headers["stripe-signature"]))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def answer_bank(intent, outcome):
    """Does what the page of the bank does."""
    action = intent.next_action
    url = action.redirect_to_url.url if action.type == "redirect_to_url" else action.use_stripe_sdk.stripe_js
    form = urlencode({"client_secret": intent.client_secret, "outcome": outcome}).encode()
    urlopen(Request(url, form)).read()


class Outsider(unittest.TestCase):
    def test_a_payment_with_3d_secure_and_its_refund(self):
        form = {"amount": 2000, "currency": "usd", "confirm": True, **CARD}
        asked = {**form, "payment_method": "pm_card_authenticationRequired", "return_url": f"{SANDBOX}/_sandbox/health"}
        intent = stripe.PaymentIntent.create(**asked)
        self.assertEqual(intent.status, "requires_action")
        answer_bank(intent, "complete")
        paid = stripe.PaymentIntent.retrieve(intent.id, expand=["latest_charge"])
        self.assertEqual(paid.status, "succeeded")
        refund = stripe.Refund.create(payment_intent=intent.id, amount=700)
        self.assertEqual(refund.status, "succeeded")
        charge = stripe.Charge.retrieve(paid.latest_charge.id)
        self.assertEqual(charge.amount_refunded, 700)
        failed = stripe.PaymentIntent.create(**asked)
        answer_bank(failed, "fail")
        self.assertEqual(stripe.PaymentIntent.retrieve(failed.id).status, "requires_payment_method")
        with self.assertRaises(errors.CardError) as declined:
            stripe.PaymentIntent.create(**form, payment_method="pm_card_chargeDeclined")
        self.assertEqual(declined.exception.code, "card_declined")

    def test_a_subscription(self):
        customer = stripe.Customer.create(email="jenny@example.com", metadata={"a": "1"})
        method = stripe.PaymentMethod.attach("pm_card_visa", customer=customer.id)
        price = stripe.Price.create(
            currency="usd", unit_amount=500, recurring={"interval": "month"}, product_data={"name": "Tea"})
        subscription = stripe.Subscription.create(
            customer=customer.id, items=[{"price": price.id}], default_payment_method=method.id)
        self.assertEqual(subscription.status, "active")
        stripe.Subscription.modify(subscription.id, cancel_at_period_end=True)
        self.assertTrue(stripe.Subscription.retrieve(subscription.id).cancel_at_period_end)
        invoices = stripe.Invoice.list(customer=customer.id)
        self.assertEqual([invoice.status for invoice in invoices.data], ["paid"])

    def test_a_list_is_read_to_its_end(self):
        made = [stripe.Customer.create(email=f"{at}@list.example").id for at in range(25)]
        found = [one.id for one in stripe.Customer.list(limit=7).auto_paging_iter()]
        self.assertEqual([one for one in found if one in made], made[::-1])

    def test_a_key_makes_one_charge(self):
        form = {"amount": 900, "currency": "usd", "source": "tok_visa", "idempotency_key": "outsider"}
        self.assertEqual(stripe.Charge.create(**form).id, stripe.Charge.create(**form).id)
        with self.assertRaises(errors.IdempotencyError):
            stripe.Charge.create(**{**form, "amount": 901})

    def test_a_webhook_is_signed_and_has_the_version_of_its_endpoint(self):
        with Hook() as hook:
            version = stripe.api_version
            endpoint = stripe.WebhookEndpoint.create(
                url=hook.url, enabled_events=["customer.created"], api_version=version)
            customer = stripe.Customer.create()
            body, signature = hook.received.get(timeout=10)
            event = stripe.Webhook.construct_event(body, signature, endpoint.secret)
            self.assertEqual((event.type, event.api_version), ("customer.created", version))
            self.assertEqual(event.data.object.id, customer.id)
            refused = errors.SignatureVerificationError
            self.assertRaises(refused, stripe.Webhook.construct_event, body, signature, "whsec_other")
            stripe.WebhookEndpoint.delete(endpoint.id)

    @unittest.skipUnless(IS_NEW, "this SDK does not know v2")
    def test_the_second_version(self):
        client = stripe.StripeClient(stripe.api_key, base_addresses={"api": SANDBOX, "meter_events": SANDBOX})
        with Hook() as hook:
            made = client.v2.core.event_destinations.create({
                "name": "Mine", "type": "webhook_endpoint", "event_payload": "thin",
                "enabled_events": ["v2.core.account.created"], "webhook_endpoint": {"url": hook.url},
                "include": ["webhook_endpoint.signing_secret"]})
            emails = [f"{at}@v2.example" for at in range(5)]
            for email in emails:
                client.v2.core.accounts.create({"contact_email": email, "configuration": {"customer": {}}})
            pages = client.v2.core.accounts.list({"limit": 2}).auto_paging_iter()
            self.assertEqual([one.contact_email for one in pages], emails[::-1])
            body, signature = hook.received.get(timeout=10)
            told = client.parse_event_notification(body, signature, made.webhook_endpoint.signing_secret)
            self.assertEqual(told.type, "v2.core.account.created")
            self.assertEqual(told.fetch_event().id, told.id)
            self.assertIn(told.fetch_related_object().contact_email, emails)
            with self.assertRaises(stripe.InvalidRequestError):
                client.v2.core.accounts.retrieve("acct_nobody")
        session = client.v2.billing.meter_event_session.create()
        streaming = stripe.StripeClient(session.authentication_token, base_addresses={"meter_events": SANDBOX})
        event = {"event_name": "nothing", "payload": {"stripe_customer_id": "cus_1", "value": "1"}}
        streaming.v2.billing.meter_event_stream.create({"events": [event]})
        found = client.v2.core.events.list({"types": ["v1.billing.meter.no_meter_found"]})
        self.assertEqual(len(found.data), 1)


if __name__ == "__main__":
    print(f"stripe {stripe.VERSION if hasattr(stripe, 'VERSION') else stripe.version.VERSION}", file=sys.stderr)
    unittest.main()
