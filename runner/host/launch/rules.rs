//! What each kind of program may see of its caller's world, and how long and how much it may be at work.

use std::time::Duration;

/// Names of variables.
type Names = &'static [&'static str];

/// What a kind of program is allowed.
#[derive(Debug)]
pub struct Rules {
    /// Variables that it may see besides those that all may.
    pub words: &'static [Names],
    /// Variables that hold paths: one that is relative would depend on a folder, and is left out.
    pub places: Names,
    /// After how long it is ended.
    pub limit: Duration,
    /// How many bytes it may print.
    pub most: usize,
    /// Whether it may ask its user something on the terminal; it then shares our process group.
    pub terminal: bool,
    /// Files by which any folder above the one that it starts in would steer it.
    pub steered_by: Names,
}

/// What every program may see.
pub(super) const WORDS: Names = &[
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "LC_MESSAGES",
    "LOGNAME",
    "USER",
];

/// The places that every program may see.
pub(super) const PLACES: Names = &[
    "HOME",
    "TMPDIR",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_RUNTIME_DIR",
    "XDG_STATE_HOME",
];

/// How the network is reached.
const NETWORK: Names = &[
    "ALL_PROXY",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NO_PROXY",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "all_proxy",
    "http_proxy",
    "https_proxy",
    "no_proxy",
];

/// How a user is asked, by a window or on the terminal.
const DESKTOP: Names = &[
    "DBUS_SESSION_BUS_ADDRESS",
    "DISPLAY",
    "GPG_TTY",
    "SSH_AUTH_SOCK",
    "TERM",
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
];

/// Where key services are, and who asks.
const KEY_SERVICES: Names = &[
    "AWS_ACCESS_KEY_ID",
    "AWS_CONFIG_FILE",
    "AWS_DEFAULT_REGION",
    "AWS_PROFILE",
    "AWS_REGION",
    "AWS_ROLE_ARN",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AZURE_CLIENT_ID",
    "AZURE_CONFIG_DIR",
    "AZURE_FEDERATED_TOKEN_FILE",
    "AZURE_TENANT_ID",
    "CLOUDSDK_CONFIG",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "VAULT_ADDR",
    "VAULT_CACERT",
    "VAULT_NAMESPACE",
    "VAULT_TOKEN",
];

/// A few lines of configuration, a lock, a page about a package.
const ANSWER: usize = 64 << 20;
/// The list of a commit's files, or of a release's packages.
const LISTING: usize = 256 << 20;
/// A signature or a key has a few hundred bytes.
const SIGNATURE: usize = 64 << 10;

/// cargo, perhaps rustup's. Registries and tokens are those of cargo's own configuration.
pub const CARGO: Rules = Rules {
    words: &[NETWORK, &["CARGO_HTTP_PROXY", "RUSTUP_TOOLCHAIN"]],
    places: &["CARGO_HOME", "CARGO_HTTP_CAINFO", "RUSTUP_HOME"],
    limit: Duration::from_mins(15),
    most: ANSWER,
    terminal: false,
    steered_by: &[
        ".cargo/config",
        ".cargo/config.toml",
        "rust-toolchain",
        "rust-toolchain.toml",
    ],
};

/// pip, and the Python that runs it.
pub const PIP: Rules = Rules {
    words: &[NETWORK, &["PIP_EXTRA_INDEX_URL", "PIP_INDEX_URL"]],
    places: &["PIP_CERT", "PIP_CONFIG_FILE"],
    limit: Duration::from_mins(2),
    most: ANSWER,
    terminal: false,
    steered_by: &[],
};

/// npm. Those with small letters are what npm itself tells a script of a project, so they are not taken.
pub const NPM: Rules = Rules {
    words: &[
        NETWORK,
        &["NODE_AUTH_TOKEN", "NPM_CONFIG_REGISTRY", "NPM_TOKEN"],
    ],
    places: &[
        "NODE_EXTRA_CA_CERTS",
        "NPM_CONFIG_CAFILE",
        "NPM_CONFIG_GLOBALCONFIG",
        "NPM_CONFIG_USERCONFIG",
    ],
    limit: Duration::from_mins(5),
    most: ANSWER,
    terminal: false,
    steered_by: &[],
};

/// git, on bare repositories of ours.
pub const GIT: Rules = Rules {
    words: &[NETWORK, &["GIT_CONFIG_NOSYSTEM"]],
    places: &[
        "GIT_CONFIG_GLOBAL",
        "GIT_CONFIG_SYSTEM",
        "GIT_SSL_CAINFO",
        "GIT_SSL_CAPATH",
    ],
    limit: Duration::from_hours(1),
    most: LISTING,
    terminal: false,
    steered_by: &[],
};

/// apt's programs. Whose configuration they read is never said by the environment.
pub const APT: Rules = Rules {
    words: &[NETWORK],
    places: &[],
    limit: Duration::from_mins(15),
    most: LISTING,
    terminal: false,
    steered_by: &[],
};

/// A command that signs, and what talks to a token. Someone may have to find and touch it.
pub const SIGNER: Rules = Rules {
    words: &[NETWORK, DESKTOP, KEY_SERVICES],
    places: &[
        "GNUPGHOME",
        "OPENSC_CONF",
        "SOFTHSM2_CONF",
        "YUBIHSM_PKCS11_CONF",
    ],
    limit: Duration::from_mins(2),
    most: SIGNATURE,
    terminal: true,
    steered_by: &[],
};

/// What an operator's gate.toml names: it deploys, or says whether what was deployed works.
pub const OPERATOR: Rules = Rules {
    words: &[NETWORK, &["SSH_AUTH_SOCK"]],
    places: &[],
    limit: Duration::from_mins(10),
    most: 0,
    terminal: false,
    steered_by: &[],
};
