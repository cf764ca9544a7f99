//! Tokens of clouds, of what runs there and of what keeps their secrets.

use super::class::{
    ALNUM, ANY_HEX, BASE32, BASE64, Class, DIGITS, HEX, LOWER, PADDED_URL, URL, WORD,
};
use super::rule::{Rule, tokens};
use super::token::{Check, Edges, Part, Token, between, exactly, text};

const AZURE: Class = Class::of("0-9A-Za-z_~.-");

/// The rules.
pub const RULES: &[Rule] = &[
    tokens(
        "aws-access-key-id",
        "AWS access key",
        &[
            aws(&[text("AKIA"), exactly(BASE32, 16)]),
            aws(&[text("ASIA"), exactly(BASE32, 16)]),
            aws(&[text("ABIA"), exactly(BASE32, 16)]),
            aws(&[text("ACCA"), exactly(BASE32, 16)]),
            aws(&[
                text("A3T"),
                exactly(Class::of("0-9A-Z"), 1),
                exactly(BASE32, 16),
            ]),
            Token::new(&[text("ABSK"), between(BASE64, 109, 269)]).apart(Edges::Before),
            Token::new(&[
                text("bedrock-api-key-YmVkcm9jay5hbWF6b25hd3MuY29t"),
                between(BASE64, 20, 999),
            ]),
            Token::new(&[
                text("amzn.mws."),
                exactly(HEX, 8),
                text("-"),
                exactly(HEX, 4),
                text("-"),
                exactly(HEX, 4),
                text("-"),
                exactly(HEX, 4),
                text("-"),
                exactly(HEX, 12),
            ])
            .checked(Check::Filled),
        ],
    ),
    tokens(
        "google-key",
        "Google key, client secret or access token",
        &[
            Token::new(&[text("AIza"), exactly(URL, 35)]).apart(Edges::Before),
            Token::new(&[text("GOCSPX-"), exactly(URL, 28)]),
            Token::new(&[text("ya29."), between(URL, 40, 1000)]).apart(Edges::Before),
            Token::new(&[text("1//0"), between(URL, 80, 120)]).apart(Edges::Before),
        ],
    ),
    tokens(
        "azure-key",
        "Azure account key, shared access signature or client secret",
        &[
            Token::new(&[text("AccountKey="), between(BASE64, 80, 88), text("==")]),
            Token::new(&[text("SharedAccessKey="), exactly(BASE64, 43), text("=")]),
            Token::new(&[text("AccessKey="), exactly(BASE64, 43), text("=")]),
            Token::new(&[
                exactly(BASE64, 76),
                text("+ASt"),
                exactly(BASE64, 6),
                text("=="),
            ])
            .apart(Edges::Before),
            Token::new(&[
                exactly(BASE64, 76),
                text("+ABa"),
                exactly(BASE64, 6),
                text("=="),
            ])
            .apart(Edges::Before),
            Token::new(&[
                exactly(BASE64, 76),
                text("ACDb"),
                exactly(BASE64, 6),
                text("=="),
            ])
            .apart(Edges::Before),
            Token::new(&[
                between(BASE64, 33, 33),
                text("+AEh"),
                exactly(BASE64, 6),
                text("="),
            ])
            .apart(Edges::Before),
            Token::new(&[between(BASE64, 42, 42), text("+ACR"), exactly(BASE64, 6)])
                .apart(Edges::Both),
            Token::new(&[between(ALNUM, 42, 42), text("AzSe"), exactly(ALNUM, 6)])
                .apart(Edges::Both),
            Token::new(&[
                exactly(AZURE, 3),
                exactly(DIGITS, 1),
                text("Q~"),
                between(AZURE, 31, 34),
            ]),
            Token::new(&[
                text("sig="),
                between(Class::of("0-9A-Za-z%+/"), 43, 80),
                text("%3D"),
            ])
            .apart(Edges::Before),
            Token::new(&[text("sig="), exactly(BASE64, 43), text("=")]).apart(Edges::Before),
        ],
    ),
    tokens(
        "alibaba-key",
        "Alibaba Cloud or Tencent Cloud key",
        &[
            Token::new(&[text("LTAI"), exactly(ALNUM, 20)]).apart(Edges::Both),
            Token::new(&[text("AKID"), exactly(ALNUM, 32)]).apart(Edges::Both),
        ],
    ),
    tokens(
        "digitalocean-token",
        "DigitalOcean token",
        &[
            Token::new(&[text("dop_v1_"), exactly(HEX, 64)]),
            Token::new(&[text("doo_v1_"), exactly(HEX, 64)]),
            Token::new(&[text("dor_v1_"), exactly(HEX, 64)]),
        ],
    ),
    tokens(
        "heroku-key",
        "Heroku key",
        &[Token::new(&[text("HRKU-"), between(URL, 36, 64)])],
    ),
    tokens(
        "vault-token",
        "HashiCorp Vault token",
        &[
            Token::new(&[text("hvs."), between(URL, 24, 200)]).apart(Edges::Before),
            Token::new(&[text("hvb."), between(URL, 100, 300)]).apart(Edges::Before),
            Token::new(&[text("hvr."), between(URL, 24, 300)]).apart(Edges::Before),
        ],
    ),
    tokens(
        "terraform-token",
        "Terraform token",
        &[Token::new(&[
            exactly(ALNUM, 14),
            text(".atlasv1."),
            between(PADDED_URL, 60, 70),
        ])],
    ),
    tokens(
        "doppler-token",
        "Doppler token",
        &[
            Token::new(&[text("dp.pt."), between(ALNUM, 40, 44)]).apart(Edges::Before),
            Token::new(&[text("dp.ct."), between(ALNUM, 40, 44)]).apart(Edges::Before),
            Token::new(&[text("dp.sa."), between(ALNUM, 40, 44)]).apart(Edges::Before),
            Token::new(&[text("dp.said."), between(ALNUM, 40, 44)]).apart(Edges::Before),
            Token::new(&[text("dp.scim."), between(ALNUM, 40, 44)]).apart(Edges::Before),
            Token::new(&[text("dp.audit."), between(ALNUM, 40, 44)]).apart(Edges::Before),
            Token::new(&[
                text("dp.st."),
                between(Class::of("0-9a-z_-"), 2, 35),
                text("."),
                between(ALNUM, 40, 44),
            ])
            .apart(Edges::Before),
            Token::new(&[text("dp.st."), between(ALNUM, 40, 44)]).apart(Edges::Before),
        ],
    ),
    tokens(
        "pulumi-token",
        "Pulumi token",
        &[Token::new(&[text("pul-"), exactly(HEX, 40)])],
    ),
    tokens(
        "databricks-token",
        "Databricks token",
        &[
            Token::new(&[text("dapi"), exactly(HEX, 32)]).apart(Edges::Both),
            Token::new(&[text("dose"), exactly(HEX, 32)]).apart(Edges::Both),
        ],
    ),
    tokens(
        "cloudflare-token",
        "Cloudflare key",
        &[
            Token::new(&[
                text("v1.0-"),
                exactly(HEX, 24),
                text("-"),
                exactly(HEX, 146),
            ]),
            Token::new(&[text("cfut_"), between(ALNUM, 36, 64)]).apart(Edges::Before),
            Token::new(&[text("cfat_"), between(ALNUM, 36, 64)]).apart(Edges::Before),
            Token::new(&[text("cfk_"), between(ALNUM, 36, 64)]).apart(Edges::Before),
        ],
    ),
    tokens(
        "cloud-platform-token",
        "token of Fly.io, Netlify, Vercel, Render, Scaleway, Scalingo, Supabase, Deno or Tailscale",
        &[
            Token::new(&[text("fo1_"), exactly(URL, 43)]).apart(Edges::Before),
            Token::new(&[text("fm1r_"), between(BASE64, 100, 999)]).apart(Edges::Before),
            Token::new(&[text("fm2_"), between(BASE64, 100, 999)]).apart(Edges::Before),
            Token::new(&[text("nfp_"), between(ALNUM, 36, 40)]).apart(Edges::Before),
            Token::new(&[text("vcp_"), between(ALNUM, 36, 60)]).apart(Edges::Before),
            Token::new(&[text("rnd_"), exactly(ALNUM, 28)]).apart(Edges::Both),
            Token::new(&[text("tk-us-"), exactly(URL, 48)]).apart(Edges::Before),
            Token::new(&[text("sbp_"), exactly(HEX, 40)]).apart(Edges::Both),
            Token::new(&[text("sb_secret_"), between(URL, 30, 48)]),
            Token::new(&[text("ddp_"), exactly(ALNUM, 36)]).apart(Edges::Both),
            Token::new(&[
                text("tskey-"),
                between(LOWER, 3, 12),
                text("-"),
                between(ALNUM, 9, 24),
                text("-"),
                between(ALNUM, 20, 48),
            ]),
        ],
    ),
    tokens(
        "planetscale-token",
        "PlanetScale token or password",
        &[
            Token::new(&[
                text("pscale_tkn_"),
                between(Class::of("0-9A-Za-z_=.-"), 32, 64),
            ]),
            Token::new(&[
                text("pscale_pw_"),
                between(Class::of("0-9A-Za-z_=.-"), 32, 64),
            ]),
            Token::new(&[
                text("pscale_oauth_"),
                between(Class::of("0-9A-Za-z_=.-"), 32, 64),
            ]),
        ],
    ),
    tokens(
        "monitoring-token",
        "key of Grafana, New Relic, Dynatrace, Datadog, Honeycomb or PagerDuty",
        &[
            Token::new(&[
                text("glsa_"),
                exactly(ALNUM, 32),
                text("_"),
                exactly(ANY_HEX, 8),
            ]),
            Token::new(&[text("glc_eyJ"), between(Class::of("0-9A-Za-z+/="), 32, 400)]),
            Token::new(&[text("NRAK-"), exactly(Class::of("0-9A-Z"), 27)]),
            Token::new(&[text("NRII-"), exactly(URL, 32)]),
            Token::new(&[text("NRIQ-"), exactly(URL, 32)]),
            Token::new(&[text("NRRA-"), exactly(HEX, 42)]),
            Token::new(&[text("NRJS-"), exactly(HEX, 19)]),
            Token::new(&[between(HEX, 32, 36), text("FFFFNRAL")]),
            Token::new(&[between(HEX, 32, 36), text("NRAL")]),
            Token::new(&[
                text("dt0"),
                exactly(LOWER, 1),
                exactly(DIGITS, 2),
                text("."),
                exactly(Class::of("0-9A-Z"), 24),
                text("."),
                exactly(Class::of("0-9A-Z"), 64),
            ]),
            Token::new(&[text("ddapp_"), exactly(ALNUM, 34)]).apart(Edges::Before),
            Token::new(&[text("hcaik_"), exactly(LOWER, 58)]).apart(Edges::Before),
            Token::new(&[text("hcxik_"), exactly(LOWER, 58)]).apart(Edges::Before),
            Token::new(&[text("pdus+_"), between(URL, 20, 60)]).apart(Edges::Before),
        ],
    ),
    tokens(
        "secret-store-token",
        "token of 1Password, Infisical or Bitwarden",
        &[
            Token::new(&[
                text("ops_eyJ"),
                between(Class::of("0-9A-Za-z+/="), 200, 1000),
            ]),
            Token::new(&[
                text("A3-"),
                exactly(Class::of("0-9A-Z"), 6),
                text("-"),
                between(Class::of("0-9A-Z-"), 26, 40),
            ])
            .apart(Edges::Before),
            Token::new(&[
                text("st."),
                exactly(HEX, 24),
                text("."),
                exactly(HEX, 32),
                text("."),
                exactly(HEX, 32),
            ])
            .apart(Edges::Before),
        ],
    ),
    tokens(
        "age-key",
        "key of age",
        &[
            Token::new(&[
                text("AGE-SECRET-KEY-1"),
                exactly(Class::of("02-9AC-HJ-NP-Z"), 58),
            ])
            .checked(Check::Bech32),
            Token::new(&[
                text("AGE-SECRET-KEY-PQ-1"),
                between(Class::of("02-9AC-HJ-NP-Z"), 58, 80),
            ])
            .checked(Check::Bech32),
        ],
    ),
    tokens(
        "minisign-key",
        "secret key of minisign or signify",
        &[
            Token::new(&[text("RWRTY0Iy"), exactly(BASE64, 203), text("=")]),
            Token::new(&[text("RWQAAEIy"), exactly(BASE64, 203), text("=")]),
            Token::new(&[text("RWRCSwAAA"), exactly(BASE64, 130), text("=")]),
        ],
    ),
    tokens(
        "map-service-key",
        "secret key of Mapbox, MaxMind or Adafruit",
        &[
            Token::new(&[
                text("sk.eyJ"),
                between(URL, 40, 200),
                text("."),
                exactly(URL, 22),
            ])
            .apart(Edges::Before),
            Token::new(&[
                exactly(ALNUM, 6),
                text("_"),
                exactly(ALNUM, 29),
                text("_mmk"),
            ]),
            Token::new(&[text("aio_"), exactly(WORD, 28)]).apart(Edges::Both),
        ],
    ),
];

const fn aws(parts: &'static [Part]) -> Token {
    Token::new(parts).apart(Edges::Both).checked(Check::Filled)
}
