//! in-toto's `ResourceDescriptor`: a name, a place and digests of one thing.

use zwieback_model::base64;
use zwieback_model::digest_set::DigestSet;
use zwieback_model::json::fields::{FieldError, FieldProblem, Fields};
use zwieback_model::json::value::{Object, Value};

/// No `content` has more bytes. in-toto would have it below 1 KB wherever there is another place to get
/// the bytes from; a longer one is refused before it is decoded.
pub const LARGEST_CONTENT: usize = 64 << 10;

/// The media type of a tree's canonical bytes.
pub const TREE: &str = "application/vnd.zwieback.tree";

/// One thing: a subject, an input, a log. At least one of uri, digest and content is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResourceDescriptor {
    /// A name for people and for telling apart; it identifies nothing.
    pub name: Option<String>,
    /// What it is: a purl, a `git+https` address.
    pub uri: Option<String>,
    /// Which bytes it is.
    pub digest: DigestSet,
    /// The bytes themselves, where they are few.
    pub content: Option<Vec<u8>>,
    /// Where it was fetched from, if that is another place than `uri`.
    pub download_location: Option<String>,
    /// What kind of bytes it is.
    pub media_type: Option<String>,
    /// Whatever else is said about it.
    pub annotations: Object,
}

impl ResourceDescriptor {
    /// A thing with a name and digests, such as a subject or a byproduct.
    pub fn named(name: impl Into<String>, digest: impl Into<DigestSet>) -> Self {
        Self {
            name: Some(name.into()),
            digest: digest.into(),
            ..Self::default()
        }
    }

    /// A thing with an address and digests, such as an input.
    pub fn located(uri: impl Into<String>, digest: impl Into<DigestSet>) -> Self {
        Self {
            uri: Some(uri.into()),
            digest: digest.into(),
            ..Self::default()
        }
    }

    /// What to call it in a sentence.
    pub fn label(&self) -> &str {
        let label = self.name.as_deref().or(self.uri.as_deref());
        label.unwrap_or("a thing without a name")
    }

    /// Whether its builder named it so, with one of these beginnings. What was fetched has an address, and
    /// its name is whatever somebody called a file: it tells nothing of what it is.
    pub fn is_called(&self, beginnings: &[&str]) -> bool {
        let own = self.name.as_deref().filter(|_| self.uri.is_none());
        own.is_some_and(|name| beginnings.iter().any(|start| name.starts_with(start)))
    }

    /// Whether it is a tree, and no file whose bytes are anybody's.
    pub fn is_tree(&self) -> bool {
        self.media_type.as_deref() == Some(TREE)
    }

    /// The descriptor as JSON; what is empty is left out.
    pub fn to_value(&self) -> Value {
        let text = |text: &Option<String>| text.as_deref().map(Value::from);
        let digest = Some(self.digest.to_value());
        let content = self.content.as_deref().map(base64::encode);
        let members = [
            ("name", text(&self.name)),
            ("uri", text(&self.uri)),
            ("digest", digest),
            ("content", content.map(Value::from)),
            ("downloadLocation", text(&self.download_location)),
            ("mediaType", text(&self.media_type)),
            ("annotations", Some(self.annotations.clone().into())),
        ];
        present(members)
    }

    /// Reads a descriptor; unknown members are ignored (in-toto's parsing rules).
    pub fn read(value: &Value, path: &str) -> Result<Self, FieldError> {
        let fields = Fields::of(value, path)?;
        let text = |name| Ok(fields.optional_text(name)?.map(str::to_owned));
        let digest = fields.optional_object("digest")?;
        let annotations = fields.optional_object("annotations")?;
        let descriptor = Self {
            name: text("name")?,
            uri: text("uri")?,
            digest: digest
                .as_ref()
                .map_or(Ok(DigestSet::default()), DigestSet::read)?,
            content: content(&fields)?,
            download_location: text("downloadLocation")?,
            media_type: text("mediaType")?,
            annotations: annotations.map_or_else(Object::new, |it| it.members().clone()),
        };
        descriptor.check(&fields)?;
        Ok(descriptor)
    }

    /// Reads a list of descriptors; an absent list is empty.
    pub fn read_list(fields: &Fields<'_>, name: &str) -> Result<Vec<Self>, FieldError> {
        fields.each(name, |value| Self::read(value, ""))
    }

    fn check(&self, fields: &Fields<'_>) -> Result<(), FieldError> {
        if self.uri.is_none() && self.content.is_none() && self.digest == DigestSet::default() {
            return Err(fields.error("digest", FieldProblem::Missing));
        }
        Ok(())
    }
}

fn content(fields: &Fields<'_>) -> Result<Option<Vec<u8>>, FieldError> {
    let longest = base64::encoded_length(LARGEST_CONTENT);
    match fields.optional_text("content")? {
        None => Ok(None),
        Some(text) if text.len() > longest => {
            let problem = FieldProblem::Rule("has more than 64 KiB");
            Err(fields.error("content", problem))
        }
        Some(_) => fields.base64("content").map(Some),
    }
}

/// An object of those members that are there and not empty.
pub(super) fn present<const N: usize>(members: [(&str, Option<Value>); N]) -> Value {
    let is_empty = |value: &Value| match value {
        Value::Object(members) => members.is_empty(),
        Value::Array(elements) => elements.is_empty(),
        Value::Null => true,
        _ => false,
    };
    let kept = members.into_iter().filter_map(|(name, value)| {
        let value = value.filter(|value| !is_empty(value))?;
        Some((name.to_owned(), value))
    });
    Value::Object(kept.collect())
}

/// The descriptors as a JSON list, in an order that does not depend on who collected them.
pub(super) fn sorted_list(descriptors: &[ResourceDescriptor]) -> Value {
    let mut values: Vec<Value> = descriptors
        .iter()
        .map(ResourceDescriptor::to_value)
        .collect();
    values.sort_by_cached_key(|value| {
        let text = |name| value.get(name).and_then(Value::as_str).map(str::to_owned);
        (text("uri"), text("name"), value.clone())
    });
    Value::Array(values)
}
