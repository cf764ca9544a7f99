//! Keys of services that run language models.

use super::class::{ALNUM, Class, HEX, URL};
use super::rule::{Rule, tokens};
use super::token::{Check, Edges, Token, between, exactly, text};

const LETTERS: Class = Class::of("A-Za-z");

/// The rules.
pub const RULES: &[Rule] = &[
    tokens(
        "anthropic-key",
        "Anthropic key",
        &[
            Token::new(&[
                text("sk-ant-api"),
                exactly(Class::of("0-9"), 2),
                text("-"),
                between(URL, 80, 120),
            ]),
            Token::new(&[
                text("sk-ant-admin"),
                exactly(Class::of("0-9"), 2),
                text("-"),
                between(URL, 80, 120),
            ]),
            Token::new(&[
                text("sk-ant-oat"),
                exactly(Class::of("0-9"), 2),
                text("-"),
                between(URL, 80, 120),
            ]),
            Token::new(&[
                text("sk-ant-ort"),
                exactly(Class::of("0-9"), 2),
                text("-"),
                between(URL, 80, 120),
            ]),
        ],
    ),
    tokens(
        "openai-key",
        "OpenAI key",
        &[
            Token::new(&[
                text("sk-"),
                between(URL, 20, 100),
                text("T3BlbkFJ"),
                between(URL, 20, 100),
            ])
            .apart(Edges::Before),
            Token::new(&[text("sk-proj-"), between(URL, 48, 200)]).apart(Edges::Before),
            Token::new(&[text("sk-svcacct-"), between(URL, 48, 200)]).apart(Edges::Before),
            Token::new(&[text("sk-admin-"), between(URL, 48, 200)]).apart(Edges::Before),
            Token::new(&[text("sk-"), exactly(ALNUM, 48)]).apart(Edges::Both),
        ],
    ),
    tokens(
        "huggingface-token",
        "Hugging Face token",
        &[
            Token::new(&[text("hf_"), exactly(ALNUM, 34)])
                .apart(Edges::Both)
                .checked(Check::Filled),
            Token::new(&[text("api_org_"), exactly(LETTERS, 34)])
                .apart(Edges::Both)
                .checked(Check::Filled),
        ],
    ),
    tokens(
        "model-service-key",
        "key of Groq, xAI, Replicate, Perplexity, OpenRouter, DeepSeek or LangSmith",
        &[
            Token::new(&[text("gsk_"), exactly(ALNUM, 52)]).apart(Edges::Both),
            Token::new(&[text("xai-"), exactly(ALNUM, 80)]).apart(Edges::Both),
            Token::new(&[text("r8_"), between(URL, 37, 37)]).apart(Edges::Both),
            Token::new(&[text("pplx-"), between(ALNUM, 48, 56)]).apart(Edges::Both),
            Token::new(&[text("sk-or-v1-"), exactly(HEX, 64)]),
            Token::new(&[text("sk-"), exactly(HEX, 32)]).apart(Edges::Both),
            Token::new(&[
                text("lsv2_pt_"),
                exactly(HEX, 32),
                text("_"),
                exactly(HEX, 10),
            ]),
            Token::new(&[
                text("lsv2_sk_"),
                exactly(HEX, 32),
                text("_"),
                exactly(HEX, 10),
            ]),
        ],
    ),
];
