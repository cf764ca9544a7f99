//! Tokens of forges, package registries and what builds and tests.

use super::class::{ALNUM, Class, DIGITS, HEX, LOWER, PADDED_URL, UPPER, URL, WORD};
use super::rule::{Rule, tokens};
use super::token::{Check, Edges, Token, between, exactly, text};

/// The rules.
pub const RULES: &[Rule] = &[
    tokens(
        "github-token",
        "GitHub token",
        &[
            crc(&[text("ghp_"), exactly(ALNUM, 36)]),
            crc(&[text("gho_"), exactly(ALNUM, 36)]),
            crc(&[text("ghu_"), exactly(ALNUM, 36)]),
            crc(&[text("ghs_"), exactly(ALNUM, 36)]),
            crc(&[text("ghr_"), exactly(ALNUM, 36)]),
            Token::new(&[text("ghr_"), exactly(ALNUM, 76)]),
            Token::new(&[
                text("github_pat_"),
                exactly(ALNUM, 22),
                text("_"),
                exactly(ALNUM, 59),
            ]),
        ],
    ),
    tokens(
        "gitlab-token",
        "GitLab token",
        &[
            Token::new(&[text("glpat-"), between(URL, 20, 300)]),
            Token::new(&[text("gldt-"), between(URL, 20, 300)]),
            Token::new(&[text("glrt-"), between(URL, 20, 300)]),
            Token::new(&[text("glrtr-"), between(URL, 20, 300)]),
            Token::new(&[text("glcbt-"), between(URL, 20, 300)]),
            Token::new(&[text("glptt-"), exactly(HEX, 40)]),
            Token::new(&[text("glft-"), between(URL, 20, 64)]),
            Token::new(&[text("glimt-"), between(URL, 25, 64)]),
            Token::new(&[text("glagent-"), between(URL, 50, 64)]),
            Token::new(&[text("gloas-"), between(URL, 64, 70)]),
            Token::new(&[text("glsoat-"), between(URL, 20, 64)]),
            Token::new(&[text("glffct-"), between(URL, 20, 64)]),
            Token::new(&[text("glwt-"), between(URL, 20, 64)]),
            Token::new(&[text("GR1348941"), between(URL, 20, 64)]),
            Token::new(&[text("_gitlab_session="), exactly(HEX, 32)]),
        ],
    ),
    tokens(
        "bitbucket-token",
        "Bitbucket or Atlassian token",
        &[
            Token::new(&[text("ATATT3"), between(PADDED_URL, 150, 220)]),
            Token::new(&[text("ATCTT3"), between(PADDED_URL, 150, 220)]),
            Token::new(&[text("ATBB"), exactly(ALNUM, 32)]).apart(Edges::Both),
        ],
    ),
    tokens(
        "npm-token",
        "npm token",
        &[crc(&[text("npm_"), exactly(ALNUM, 36)])],
    ),
    tokens(
        "pypi-token",
        "PyPI token",
        &[
            Token::new(&[text("pypi-AgEIcHlwaS5vcmc"), between(URL, 50, 1000)])
                .checked(Check::Filled),
            Token::new(&[text("pypi-AgENdGVzdC5weXBpLm9yZw"), between(URL, 50, 1000)])
                .checked(Check::Filled),
        ],
    ),
    tokens(
        "crates-token",
        "token of the registry of Rust crates",
        &[Token::new(&[text("cio"), exactly(ALNUM, 32)]).apart(Edges::Both)],
    ),
    tokens(
        "rubygems-token",
        "RubyGems token",
        &[Token::new(&[text("rubygems_"), exactly(HEX, 48)])],
    ),
    tokens(
        "nuget-token",
        "NuGet key",
        &[Token::new(&[text("oy2"), exactly(LOWER, 43)]).apart(Edges::Both)],
    ),
    tokens(
        "clojars-token",
        "Clojars token",
        &[Token::new(&[text("CLOJARS_"), exactly(LOWER, 60)])],
    ),
    tokens(
        "docker-token",
        "Docker Hub token",
        &[
            Token::new(&[text("dckr_pat_"), between(URL, 27, 32)]),
            Token::new(&[text("dckr_oat_"), between(URL, 27, 40)]),
        ],
    ),
    tokens(
        "artifactory-token",
        "JFrog Artifactory token",
        &[
            Token::new(&[text("AKCp"), exactly(ALNUM, 69)]).apart(Edges::Before),
            Token::new(&[text("cmVmdGtuO"), exactly(ALNUM, 55)]).apart(Edges::Before),
        ],
    ),
    tokens(
        "build-service-token",
        "token of Buildkite, CircleCI, Travis, Harness, Prefect or Sonar",
        &[
            Token::new(&[text("bkua_"), exactly(HEX, 40)]),
            Token::new(&[
                text("CCIPAT_"),
                exactly(ALNUM, 22),
                text("_"),
                exactly(HEX, 40),
            ]),
            Token::new(&[
                text("CCIPRJ_"),
                exactly(ALNUM, 22),
                text("_"),
                exactly(HEX, 40),
            ]),
            Token::new(&[
                text("pat."),
                exactly(URL, 22),
                text("."),
                exactly(ALNUM, 24),
                text("."),
                exactly(ALNUM, 20),
            ])
            .apart(Edges::Before),
            Token::new(&[text("pnu_"), exactly(ALNUM, 36)]).apart(Edges::Both),
            Token::new(&[text("sqp_"), exactly(HEX, 40)]).apart(Edges::Both),
            Token::new(&[text("squ_"), exactly(HEX, 40)]).apart(Edges::Both),
            Token::new(&[text("sqa_"), exactly(HEX, 40)]).apart(Edges::Both),
        ],
    ),
    tokens(
        "sentry-token",
        "Sentry token",
        &[
            Token::new(&[text("sntryu_"), exactly(HEX, 64)]),
            Token::new(&[
                text("sntrys_eyJ"),
                between(Class::of("0-9A-Za-z+/=_"), 80, 500),
            ]),
        ],
    ),
    tokens(
        "sourcegraph-token",
        "Sourcegraph token",
        &[
            Token::new(&[text("sgp_"), exactly(WORD, 16), text("_"), exactly(HEX, 40)]),
            Token::new(&[text("sgp_local_"), exactly(HEX, 40)]),
            Token::new(&[text("sgp_"), exactly(HEX, 40)]).apart(Edges::Both),
        ],
    ),
    tokens(
        "telegram-token",
        "Telegram bot token",
        &[Token::new(&[
            between(DIGITS, 8, 10),
            text(":AA"),
            exactly(URL, 33),
        ])],
    ),
    tokens(
        "octopus-key",
        "Octopus Deploy key",
        &[Token::new(&[text("API-"), exactly(UPPER, 26)]).apart(Edges::Both)],
    ),
    tokens(
        "openshift-token",
        "OpenShift token",
        &[Token::new(&[text("sha256~"), exactly(URL, 43)])],
    ),
    tokens(
        "webhook-url",
        "incoming webhook of Slack, Discord, Microsoft Teams or Zapier",
        &[
            Token::new(&[
                text("/services/T"),
                between(UPPER, 8, 14),
                text("/B"),
                between(UPPER, 8, 14),
                text("/"),
                exactly(ALNUM, 24),
            ]),
            Token::new(&[
                text("/api/webhooks/"),
                between(DIGITS, 17, 20),
                text("/"),
                between(URL, 60, 72),
            ]),
            Token::new(&[
                text("/IncomingWebhook/"),
                exactly(HEX, 32),
                text("/"),
                exactly(Class::of("0-9a-f-"), 36),
            ])
            .checked(Check::Filled),
            Token::new(&[
                text("/hooks/catch/"),
                between(DIGITS, 5, 12),
                text("/"),
                between(LOWER, 6, 12),
            ])
            .checked(Check::Filled),
        ],
    ),
    tokens(
        "slack-token",
        "Slack token",
        &[
            slack(&[
                text("xoxb-"),
                between(DIGITS, 9, 14),
                text("-"),
                between(URL, 24, 60),
            ]),
            slack(&[
                text("xoxp-"),
                between(DIGITS, 9, 14),
                text("-"),
                between(URL, 28, 100),
            ]),
            slack(&[
                text("xoxa-"),
                between(DIGITS, 1, 14),
                text("-"),
                between(URL, 24, 100),
            ]),
            slack(&[
                text("xoxr-"),
                between(DIGITS, 1, 14),
                text("-"),
                between(URL, 24, 100),
            ]),
            slack(&[
                text("xoxs-"),
                between(DIGITS, 9, 14),
                text("-"),
                between(URL, 24, 100),
            ]),
            slack(&[
                text("xoxo-"),
                between(DIGITS, 1, 14),
                text("-"),
                between(URL, 24, 100),
            ]),
            Token::new(&[
                text("xoxe-"),
                exactly(DIGITS, 1),
                text("-"),
                between(ALNUM, 100, 200),
            ]),
            Token::new(&[
                text("xoxe.xox"),
                exactly(Class::of("bp"), 1),
                text("-"),
                exactly(DIGITS, 1),
                text("-"),
                between(ALNUM, 100, 200),
            ]),
            Token::new(&[
                text("xapp-"),
                exactly(DIGITS, 1),
                text("-"),
                between(UPPER, 8, 14),
                text("-"),
                between(DIGITS, 9, 14),
                text("-"),
                between(LOWER, 30, 80),
            ]),
        ],
    ),
    tokens(
        "azure-devops-token",
        "Azure DevOps token",
        &[Token::new(&[exactly(ALNUM, 76), text("AZDO"), exactly(ALNUM, 4)]).apart(Edges::Both)],
    ),
];

const fn crc(parts: &'static [super::token::Part]) -> Token {
    Token::new(parts).checked(Check::Crc)
}

const fn slack(parts: &'static [super::token::Part]) -> Token {
    Token::new(parts).checked(Check::Filled)
}
