//! JSON, read strictly and without memory: as much as it takes to find the strings and numbers of
//! an object's own keys (RFC 8259).
//!
//! What is unusual is refused, for a full parser to read: `None` says no more than that.

use memchr::memchr2;

/// How deep a value that is skipped may be nested.
const DEEPEST: usize = 16;

/// The longest number, in bytes: what 64 bits need, and a fraction.
const LONGEST_NUMBER: usize = 24;

/// A value of the outermost object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value<'a> {
    /// A string without escapes, as it stands between its quotes.
    Text(&'a str),
    /// A string with escapes.
    Escaped,
    Number(&'a [u8]),
    Null,
    /// A boolean, an array, an object.
    Other,
}

/// Reads forward, byte by byte or string by string.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Scanner<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// The next byte, spaces skipped; not consumed.
    pub(super) fn peek(&mut self) -> Option<u8> {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.bytes.get(self.at) {
            self.at += 1;
        }
        self.bytes.get(self.at).copied()
    }

    /// Consumes `byte`, spaces skipped, where it comes next.
    pub(super) fn eat(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    /// Consumes `byte` where it comes next, and tells whether.
    pub(super) fn eat_if(&mut self, byte: u8) -> bool {
        self.eat(byte).is_some()
    }

    /// A key and the colon after it; a key with escapes is refused.
    pub(super) fn key(&mut self) -> Option<&'a str> {
        let Value::Text(key) = self.string()? else { return None };
        self.eat(b':')?;
        Some(key)
    }

    pub(super) fn value(&mut self) -> Option<Value<'a>> {
        self.value_at(0)
    }

    /// The value of `name` in the object that comes next; [`Value::Other`] where it has none, or
    /// where something else comes. A name that comes twice is refused.
    pub(super) fn member(&mut self, name: &str) -> Option<Value<'a>> {
        if self.peek()? != b'{' {
            return self.value().map(|_| Value::Other);
        }
        let mut found = None;
        self.members(1, |key, value| match key {
            Value::Text(key) => key != name || found.replace(value).is_none(),
            _ => false, // who knows what it spells
        })?;
        Some(found.unwrap_or(Value::Other))
    }

    /// The bytes of a string up to its closing quote, neither unescaped nor checked, for a reader
    /// that accepts only few characters; `None` where there are escapes, or no string.
    pub(super) fn raw_string(&mut self) -> Option<&'a [u8]> {
        self.eat(b'"')?;
        let rest = &self.bytes[self.at..];
        let len = memchr2(b'"', b'\\', rest)?;
        self.at += len + 1;
        (rest[len] == b'"').then_some(&rest[..len])
    }

    fn value_at(&mut self, depth: usize) -> Option<Value<'a>> {
        match self.peek()? {
            b'"' => self.string(),
            b'-' | b'0'..=b'9' => self.number(),
            b'n' => self.word(b"null").map(|()| Value::Null),
            b't' => self.word(b"true").map(|()| Value::Other),
            b'f' => self.word(b"false").map(|()| Value::Other),
            b'{' if depth < DEEPEST => self.object(depth + 1),
            b'[' if depth < DEEPEST => self.array(depth + 1),
            _ => None,
        }
    }

    fn object(&mut self, depth: usize) -> Option<Value<'a>> {
        self.members(depth, |_, _| true).map(|()| Value::Other)
    }

    /// All members of an object, of which `take` may be told no more than it wants.
    fn members(
        &mut self,
        depth: usize,
        mut take: impl FnMut(Value<'a>, Value<'a>) -> bool,
    ) -> Option<()> {
        self.eat(b'{')?;
        if self.eat_if(b'}') {
            return Some(());
        }
        loop {
            let key = self.string()?;
            self.eat(b':')?;
            let value = self.value_at(depth)?;
            if !take(key, value) {
                return None;
            }
            if !self.eat_if(b',') {
                break;
            }
        }
        self.eat(b'}')
    }

    fn array(&mut self, depth: usize) -> Option<Value<'a>> {
        self.eat(b'[')?;
        if self.eat_if(b']') {
            return Some(Value::Other);
        }
        loop {
            self.value_at(depth)?;
            if !self.eat_if(b',') {
                break;
            }
        }
        self.eat(b']').map(|()| Value::Other)
    }

    fn string(&mut self) -> Option<Value<'a>> {
        self.eat(b'"')?;
        let rest = &self.bytes[self.at..];
        let len = plain_run(rest);
        if rest.get(len) != Some(&b'"') {
            return self.unusual_string();
        }
        self.at += len + 1;
        std::str::from_utf8(&rest[..len]).ok().map(Value::Text)
    }

    /// A string, its opening quote consumed, with something else in it than printable ASCII.
    fn unusual_string(&mut self) -> Option<Value<'a>> {
        let start = self.at;
        let mut escaped = false;
        loop {
            let len = memchr2(b'"', b'\\', &self.bytes[self.at..])?;
            self.at += len + 1;
            if self.bytes[self.at - 1] == b'"' {
                break;
            }
            escaped = true;
            self.escape()?;
        }
        let text = std::str::from_utf8(&self.bytes[start..self.at - 1]).ok()?;
        let has_control = text.bytes().any(|byte| byte < b' '); // RFC 8259 §7 wants these escaped.
        if has_control {
            return None;
        }
        Some(if escaped { Value::Escaped } else { Value::Text(text) })
    }

    /// What follows a backslash. Surrogates are refused: whether they pair is not looked at.
    fn escape(&mut self) -> Option<()> {
        let (&kind, rest) = self.bytes[self.at..].split_first()?;
        self.at += 1;
        match kind {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(()),
            b'u' => {
                let digits = rest.first_chunk::<4>()?;
                self.at += 4;
                let hex = digits.iter().all(u8::is_ascii_hexdigit);
                let surrogate =
                    matches!(digits, [b'd' | b'D', b'8' | b'9' | b'a'..=b'f' | b'A'..=b'F', ..]);
                (hex && !surrogate).then_some(())
            }
            _ => None,
        }
    }

    /// A number of ordinary size: an exponent has at most two digits.
    fn number(&mut self) -> Option<Value<'a>> {
        let start = self.at;
        self.at += usize::from(self.next_is(b"-"));
        let leading_zero = self.next_is(b"0");
        let digits = self.digits();
        if digits == 0 || leading_zero && digits > 1 {
            return None;
        }
        if self.next_is(b".") {
            self.at += 1;
            self.some_digits(LONGEST_NUMBER)?;
        }
        if self.next_is(b"eE") {
            self.at += 1;
            self.at += usize::from(self.next_is(b"+-"));
            self.some_digits(2)?;
        }
        let text = &self.bytes[start..self.at];
        (text.len() <= LONGEST_NUMBER).then_some(Value::Number(text))
    }

    fn some_digits(&mut self, most: usize) -> Option<()> {
        (1..=most).contains(&self.digits()).then_some(())
    }

    fn digits(&mut self) -> usize {
        let rest = &self.bytes[self.at..];
        let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += count;
        count
    }

    fn next_is(&self, any: &[u8]) -> bool {
        self.bytes.get(self.at).is_some_and(|byte| any.contains(byte))
    }

    fn word(&mut self, word: &[u8]) -> Option<()> {
        self.bytes[self.at..].starts_with(word).then(|| self.at += word.len())
    }
}

/// How many bytes of `rest` come before the first quote, backslash, control or non-ASCII one.
///
/// Eight at a time: a string of an identifier's length is over before a vector search has begun.
fn plain_run(rest: &[u8]) -> usize {
    let (words, _) = rest.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let marks = marks(u64::from_le_bytes(*word));
        if marks != 0 {
            return index * 8 + marks.trailing_zeros() as usize / 8;
        }
    }
    let tail = words.len() * 8;
    tail + rest[tail..].iter().take_while(|&&byte| is_plain(byte)).count()
}

const fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..0x80) && byte != b'"' && byte != b'\\'
}

/// The top bit set at the first byte that is not plain, and perhaps at some after it.
const fn marks(word: u64) -> u64 {
    const LOW: u64 = u64::from_ne_bytes([0x01; 8]);
    const TOP: u64 = LOW << 7;
    let quotes = (word ^ (LOW * b'"' as u64)).wrapping_sub(LOW);
    let backslashes = (word ^ (LOW * b'\\' as u64)).wrapping_sub(LOW);
    let controls = word.wrapping_sub(LOW * b' ' as u64);
    // A borrow reaches only bytes above the one that is marked for sure.
    (quotes | backslashes | controls | word) & TOP
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_run_ends_at_the_first_byte_that_is_not_plain_wherever_it_stands() {
        for byte in 0..=u8::MAX {
            for place in 0..20 {
                let mut text = [b'a'; 24];
                text[place] = byte;
                text[place + 2] = b'"';
                let end = if is_plain(byte) { place + 2 } else { place };
                assert_eq!(plain_run(&text), end, "byte {byte:#x} at {place}");
            }
        }
    }

    #[test]
    fn a_plain_run_may_reach_the_end() {
        assert_eq!(plain_run(b"0123456789ab"), 12);
        assert_eq!(plain_run(b""), 0);
    }
}
