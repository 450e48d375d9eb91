# The official Ruby SDK as an outsider: a payment with 3-D Secure, a refund, a subscription, a list to its end,
# webhooks. STRIPE_RUBY names the folder of its source (its registry is not reached by every machine).
require 'minitest/autorun'
require 'net/http'
require 'socket'
require 'stripe'

SANDBOX = ENV.fetch('SANDBOX_URL')
Stripe.api_base = SANDBOX
Stripe.api_key = 'sk_test_outsider_ruby'
Stripe.max_network_retries = 0
CARD = { automatic_payment_methods: { enabled: true, allow_redirects: 'never' } }.freeze

# Takes one webhook: its body and its signature.
def receive(server)
  socket = server.accept
  headers = {}
  socket.gets
  while (line = socket.gets.strip) != ''
    name, value = line.split(': ', 2)
    headers[name.downcase] = value
  end
  body = socket.read(headers['content-length'].to_i)
  socket.write("HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
  socket.close
  [body, headers['stripe-signature']]
end

# Does what the page of the bank does.
def answer_bank(intent, outcome)
  action = intent.next_action
  url = action.type == 'redirect_to_url' ? action.redirect_to_url.url : action.use_stripe_sdk.stripe_js
  Net::HTTP.post_form(URI(url), 'client_secret' => intent.client_secret, 'outcome' => outcome)
end

class Outsider < Minitest::Test
  def test_a_payment_with_3d_secure_and_its_refund
    form = { amount: 2000, currency: 'usd', confirm: true, **CARD }
    asked = { **form, payment_method: 'pm_card_authenticationRequired', return_url: "#{SANDBOX}/_sandbox/health" }
    intent = Stripe::PaymentIntent.create(asked)
    assert_equal 'requires_action', intent.status
    answer_bank(intent, 'complete')
    paid = Stripe::PaymentIntent.retrieve({ id: intent.id, expand: ['latest_charge'] })
    assert_equal 'succeeded', paid.status
    assert_equal 'succeeded', Stripe::Refund.create(payment_intent: intent.id, amount: 700).status
    assert_equal 700, Stripe::Charge.retrieve(paid.latest_charge.id).amount_refunded
    declined = assert_raises(Stripe::CardError) do
      Stripe::PaymentIntent.create({ **form, payment_method: 'pm_card_chargeDeclined' })
    end
    assert_equal 'card_declined', declined.code
  end

  def test_a_subscription
    customer = Stripe::Customer.create(email: 'jenny@example.com', metadata: { a: '1' })
    method = Stripe::PaymentMethod.attach('pm_card_visa', customer: customer.id)
    price = Stripe::Price.create(
      currency: 'usd', unit_amount: 500, recurring: { interval: 'month' }, product_data: { name: 'Tea' }
    )
    subscription = Stripe::Subscription.create(
      customer: customer.id, items: [{ price: price.id }], default_payment_method: method.id
    )
    assert_equal 'active', subscription.status
    Stripe::Subscription.update(subscription.id, cancel_at_period_end: true)
    assert Stripe::Subscription.retrieve(subscription.id).cancel_at_period_end
    assert_equal ['paid'], Stripe::Invoice.list(customer: customer.id).data.map(&:status)
  end

  def test_a_list_is_read_to_its_end
    made = (0...25).map { |at| Stripe::Customer.create(email: "#{at}@list.example").id }
    found = Stripe::Customer.list(limit: 7).auto_paging_each.map(&:id)
    assert_equal made.reverse, found & made
  end

  def test_a_key_makes_one_charge
    form = { amount: 900, currency: 'usd', source: 'tok_visa' }
    key = { idempotency_key: 'outsider' }
    assert_equal Stripe::Charge.create(form, key).id, Stripe::Charge.create(form, key).id
    assert_raises(Stripe::IdempotencyError) { Stripe::Charge.create({ **form, amount: 901 }, key) }
  end

  def test_a_webhook_is_signed
    server = TCPServer.new('127.0.0.1', 0)
    endpoint = Stripe::WebhookEndpoint.create(
      url: "http://127.0.0.1:#{server.addr[1]}/hook", enabled_events: ['customer.created'], api_version: Stripe.api_version
    )
    customer = Stripe::Customer.create
    body, signature = receive(server)
    event = Stripe::Webhook.construct_event(body, signature, endpoint.secret)
    assert_equal [customer.id, Stripe.api_version], [event.data.object.id, event.api_version]
    assert_raises(Stripe::SignatureVerificationError) { Stripe::Webhook.construct_event(body, signature, 'whsec_other') }
    Stripe::WebhookEndpoint.delete(endpoint.id)
  end

  def test_the_second_version
    client = Stripe::StripeClient.new(Stripe.api_key, api_base: SANDBOX)
    made = client.v2.core.accounts.create(contact_email: 'a@v2.example', configuration: { customer: {} })
    assert_equal 'a@v2.example', client.v2.core.accounts.retrieve(made.id).contact_email
  end
end
