<?php
// The official PHP SDK as an outsider: a payment with 3-D Secure, a refund, a subscription, a list to its end,
// webhooks. STRIPE_PHP names the folder of its source (its registry is not reached by every machine).
require getenv('STRIPE_PHP') . '/init.php';

$sandbox = getenv('SANDBOX_URL');
// Its lists ask for their next page at this address, whatever their client's is.
\Stripe\Stripe::$apiBase = $sandbox;
$client = new \Stripe\StripeClient(['api_key' => 'sk_test_outsider_php', 'api_base' => $sandbox]);
$card = ['automatic_payment_methods' => ['enabled' => true, 'allow_redirects' => 'never']];

function same($wanted, $found, string $what): void
{
    if ($wanted !== $found) {
        fwrite(STDERR, "$what: " . json_encode($found) . ' instead of ' . json_encode($wanted) . "\n");
        exit(1);
    }
}

/** Does what the page of the bank does. */
function answer_bank($intent, string $outcome): void
{
    $action = $intent->next_action;
    $url = $action->type === 'redirect_to_url' ? $action->redirect_to_url->url : $action->use_stripe_sdk->stripe_js;
    $form = http_build_query(['client_secret' => $intent->client_secret, 'outcome' => $outcome]);
    $post = ['method' => 'POST', 'header' => 'content-type: application/x-www-form-urlencoded', 'content' => $form];
    file_get_contents($url, false, stream_context_create(['http' => $post]));
}

/** Takes one webhook: its body and its signature. */
function receive($server): array
{
    $socket = stream_socket_accept($server, 10);
    $headers = [];
    fgets($socket);
    while (($line = trim(fgets($socket))) !== '') {
        [$name, $value] = explode(': ', $line, 2);
        $headers[strtolower($name)] = $value;
    }
    $body = stream_get_contents($socket, (int) $headers['content-length']);
    fwrite($socket, "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    fclose($socket);
    return [$body, $headers['stripe-signature']];
}

// A payment with 3-D Secure, and its refund.
$form = ['amount' => 2000, 'currency' => 'usd', 'confirm' => true] + $card;
$asked = $form + ['payment_method' => 'pm_card_authenticationRequired', 'return_url' => "$sandbox/_sandbox/health"];
$intent = $client->paymentIntents->create($asked);
same('requires_action', $intent->status, 'the bank is asked');
answer_bank($intent, 'complete');
$paid = $client->paymentIntents->retrieve($intent->id, ['expand' => ['latest_charge']]);
same('succeeded', $paid->status, 'it is paid');
same('succeeded', $client->refunds->create(['payment_intent' => $intent->id, 'amount' => 700])->status, 'a refund');
same(700, $client->charges->retrieve($paid->latest_charge->id)->amount_refunded, 'its charge');
try {
    $client->paymentIntents->create($form + ['payment_method' => 'pm_card_chargeDeclined']);
    same('a decline', 'a payment', 'a declined card');
} catch (\Stripe\Exception\CardException $declined) {
    same('card_declined', $declined->getStripeCode(), 'the code of a decline');
}

// A subscription.
$customer = $client->customers->create(['email' => 'jenny@example.com', 'metadata' => ['a' => '1']]);
$method = $client->paymentMethods->attach('pm_card_visa', ['customer' => $customer->id]);
$price = $client->prices->create([
    'currency' => 'usd', 'unit_amount' => 500, 'recurring' => ['interval' => 'month'], 'product_data' => ['name' => 'Tea'],
]);
$subscription = $client->subscriptions->create([
    'customer' => $customer->id, 'items' => [['price' => $price->id]], 'default_payment_method' => $method->id,
]);
same('active', $subscription->status, 'a subscription');
$client->subscriptions->update($subscription->id, ['cancel_at_period_end' => true]);
same(true, $client->subscriptions->retrieve($subscription->id)->cancel_at_period_end, 'it ends');
$invoices = $client->invoices->all(['customer' => $customer->id])->data;
same(['paid'], array_map(fn ($invoice) => $invoice->status, $invoices), 'its invoices');

// A list to its end.
$made = [];
for ($at = 0; $at < 25; $at++) {
    $made[] = $client->customers->create(['email' => "$at@list.example"])->id;
}
$found = [];
foreach ($client->customers->all(['limit' => 7])->autoPagingIterator() as $one) {
    $found[] = $one->id;
}
same(array_reverse($made), array_values(array_intersect($found, $made)), 'a list');

// A key makes one charge.
$form = ['amount' => 900, 'currency' => 'usd', 'source' => 'tok_visa'];
$key = ['idempotency_key' => 'outsider'];
same($client->charges->create($form, $key)->id, $client->charges->create($form, $key)->id, 'a key');
try {
    $client->charges->create(['amount' => 901] + $form, $key);
    same('a refusal', 'a charge', 'a key with other parameters');
} catch (\Stripe\Exception\IdempotencyException $refused) {
    same(400, $refused->getHttpStatus(), 'a key with other parameters');
}

// A webhook is signed.
$server = stream_socket_server('tcp://127.0.0.1:0');
$endpoint = $client->webhookEndpoints->create([
    'url' => 'http://' . stream_socket_get_name($server, false) . '/hook', 'enabled_events' => ['customer.created'],
    'api_version' => \Stripe\Stripe::getApiVersion(),
]);
$customer = $client->customers->create();
[$body, $signature] = receive($server);
$event = \Stripe\Webhook::constructEvent($body, $signature, $endpoint->secret);
same([$customer->id, \Stripe\Stripe::getApiVersion()], [$event->data->object->id, $event->api_version], 'a webhook');
try {
    \Stripe\Webhook::constructEvent($body, $signature, 'whsec_other');
    same('a refusal', 'an event', 'a wrong secret');
} catch (\Stripe\Exception\SignatureVerificationException $refused) {
    echo 'stripe-php ' . \Stripe\Stripe::VERSION . ": all passed\n";
}
