//! Tokens of other services: payment, mail, messages, documents, design.

use super::class::{ALNUM, ANY_HEX, BASE64, Class, DIGITS, HEX, LOWER, PADDED_URL, URL};
use super::rule::{Rule, tokens};
use super::token::{Check, Edges, Part, Token, between, exactly, text};

/// The rules.
pub const RULES: &[Rule] = &[
    tokens(
        "stripe-key",
        "Stripe key",
        &[
            Token::new(&[text("sk_live_"), between(ALNUM, 16, 247)]),
            Token::new(&[text("rk_live_"), between(ALNUM, 16, 247)]),
            Token::new(&[text("sk_test_"), between(ALNUM, 16, 247)]),
            Token::new(&[text("rk_test_"), between(ALNUM, 16, 247)]),
            Token::new(&[text("sk_prod_"), between(ALNUM, 16, 247)]),
            Token::new(&[text("whsec_"), between(BASE64, 32, 64)]),
        ],
    ),
    tokens(
        "payment-key",
        "key of Square, PayPal, Razorpay, Flutterwave, Shippo, EasyPost, Duffel, Plaid or Lob",
        &[
            Token::new(&[text("sq0atp-"), exactly(URL, 22)]),
            Token::new(&[text("sq0csp-"), exactly(URL, 43)]),
            Token::new(&[text("sq0idp-"), exactly(URL, 22)]),
            Token::new(&[text("EAAA"), exactly(URL, 60)]).apart(Edges::Both),
            Token::new(&[text("rzp_live_"), exactly(ALNUM, 14)]).checked(Check::Filled),
            Token::new(&[text("FLWSECK-"), between(ALNUM, 32, 40)]),
            filled(&[text("FLWSECK_TEST-"), between(ALNUM, 12, 40)]),
            Token::new(&[text("shippo_live_"), exactly(HEX, 40)]),
            Token::new(&[text("shippo_test_"), exactly(HEX, 40)]),
            Token::new(&[text("EZAK"), exactly(ALNUM, 54)]).apart(Edges::Both),
            Token::new(&[text("EZTK"), exactly(ALNUM, 54)]).apart(Edges::Both),
            Token::new(&[text("duffel_live_"), exactly(URL, 43)]),
            Token::new(&[text("duffel_test_"), exactly(URL, 43)]),
            filled(&[text("access-production-"), exactly(UUID, 36)]),
            filled(&[text("access-sandbox-"), exactly(UUID, 36)]),
            Token::new(&[text("live_"), exactly(HEX, 35)]).apart(Edges::Both),
            Token::new(&[
                text("access_token$production$"),
                exactly(LOWER, 16),
                text("$"),
                exactly(HEX, 32),
            ]),
        ],
    ),
    tokens(
        "shopify-token",
        "Shopify token",
        &[
            Token::new(&[text("shpat_"), exactly(ANY_HEX, 32)]),
            Token::new(&[text("shpca_"), exactly(ANY_HEX, 32)]),
            Token::new(&[text("shppa_"), exactly(ANY_HEX, 32)]),
            Token::new(&[text("shpss_"), exactly(ANY_HEX, 32)]),
            Token::new(&[text("shprt_"), exactly(ANY_HEX, 32)]),
        ],
    ),
    tokens(
        "mail-service-key",
        "key of SendGrid, Mailgun, Mailchimp, Brevo or Resend",
        &[
            Token::new(&[
                text("SG."),
                between(URL, 16, 32),
                text("."),
                between(URL, 16, 64),
            ])
            .apart(Edges::Before),
            Token::new(&[text("key-"), exactly(HEX, 32)]).apart(Edges::Both),
            Token::new(&[exactly(HEX, 32), text("-us"), between(DIGITS, 1, 2)])
                .apart(Edges::Before),
            Token::new(&[
                text("xkeysib-"),
                exactly(HEX, 64),
                text("-"),
                exactly(ALNUM, 16),
            ]),
            Token::new(&[
                text("xsmtpsib-"),
                exactly(HEX, 64),
                text("-"),
                exactly(ALNUM, 16),
            ]),
            Token::new(&[
                text("re_"),
                exactly(ALNUM, 8),
                text("_"),
                exactly(ALNUM, 24),
            ])
            .apart(Edges::Both),
        ],
    ),
    tokens(
        "twilio-key",
        "Twilio key",
        &[Token::new(&[text("SK"), exactly(HEX, 32)]).apart(Edges::Both)],
    ),
    tokens(
        "facebook-token",
        "Facebook or Instagram token",
        &[
            Token::new(&[text("EAACEdEose0cBA"), between(ALNUM, 30, 300)]),
            Token::new(&[text("EAAB"), between(ALNUM, 100, 400)]).apart(Edges::Before),
            Token::new(&[text("EAAC"), between(ALNUM, 100, 400)]).apart(Edges::Before),
            Token::new(&[text("EAAG"), between(ALNUM, 100, 400)]).apart(Edges::Before),
            Token::new(&[text("IGQVJ"), between(URL, 100, 300)]).apart(Edges::Before),
        ],
    ),
    tokens(
        "document-service-token",
        "token of Linear, Notion, Airtable, Postman, Figma, Dropbox, Typeform, Contentful, ReadMe or Asana",
        &[
            Token::new(&[text("lin_api_"), exactly(ALNUM, 40)]),
            Token::new(&[text("lin_oauth_"), exactly(HEX, 64)]),
            Token::new(&[text("ntn_"), exactly(DIGITS, 11), exactly(ALNUM, 35)])
                .apart(Edges::Before),
            Token::new(&[text("secret_"), exactly(ALNUM, 43)]).apart(Edges::Both),
            Token::new(&[text("pat"), exactly(ALNUM, 14), text("."), exactly(HEX, 64)])
                .apart(Edges::Before),
            Token::new(&[text("PMAK-"), exactly(HEX, 24), text("-"), exactly(HEX, 34)]),
            Token::new(&[text("figd_"), between(URL, 40, 48)]),
            Token::new(&[text("sl.u."), between(URL, 130, 1500)]).apart(Edges::Before),
            Token::new(&[text("sl."), between(URL, 130, 150)]).apart(Edges::Before),
            Token::new(&[text("tfp_"), between(Class::of("0-9A-Za-z_.=-"), 40, 60)])
                .apart(Edges::Before),
            Token::new(&[text("CFPAT-"), between(URL, 43, 48)]),
            Token::new(&[text("rdme_"), exactly(LOWER, 70)]),
            filled(&[text("pat-na1-"), exactly(UUID, 36)]),
            filled(&[text("pat-eu1-"), exactly(UUID, 36)]),
            Token::new(&[text("ico-"), exactly(ALNUM, 32)]).apart(Edges::Both),
            Token::new(&[text("p8e-"), exactly(LOWER, 32)]).apart(Edges::Both),
            Token::new(&[text("fio-u-"), between(PADDED_URL, 64, 64)]),
            Token::new(&[text("sm_aat_"), exactly(ALNUM, 16)])
                .apart(Edges::Before)
                .checked(Check::Filled),
            Token::new(&[text("s-s4t2ud-"), exactly(HEX, 64)]),
            Token::new(&[text("s-s4t2af-"), exactly(HEX, 64)]),
            Token::new(&[text("ion_"), exactly(ALNUM, 42)]).apart(Edges::Both),
            Token::new(&[text("phx_"), between(ALNUM, 43, 48)]).apart(Edges::Both),
            Token::new(&[text("npg_"), between(ALNUM, 12, 12)])
                .apart(Edges::Both)
                .checked(Check::Filled),
        ],
    ),
];

/// What a UUID is written with.
const UUID: Class = Class::of("0-9a-f-");

const fn filled(parts: &'static [Part]) -> Token {
    Token::new(parts).checked(Check::Filled)
}
