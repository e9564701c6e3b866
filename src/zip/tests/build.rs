//! A ZIP of which each number can be a lie.

use super::*;

/// What a local header or a record of the directory says.
#[derive(Clone)]
pub(super) struct Head {
    pub(super) name: Vec<u8>,
    pub(super) flags: u16,
    pub(super) method: u16,
    pub(super) crc32: u32,
    pub(super) packed: u32,
    pub(super) size: u32,
    pub(super) extra: Vec<u8>,
}

#[derive(Clone)]
pub(super) struct Part {
    pub(super) local: Head,
    pub(super) data: Vec<u8>,
    /// A descriptor, or what does not belong there.
    pub(super) after: Vec<u8>,
    pub(super) central: Head,
    pub(super) comment: Vec<u8>,
    pub(super) disk: u16,
    pub(super) attributes: u32,
    /// Added to the offset that the directory tells.
    pub(super) shift: i64,
    pub(super) header: Option<u32>,
}

impl Part {
    pub(super) fn stored(name: &str, data: &[u8]) -> Part {
        Part::new(name, METHOD_STORED, data, data)
    }

    pub(super) fn deflated(name: &str, content: &[u8]) -> Part {
        Part::new(name, METHOD_DEFLATED, content, &deflate::deflated(content, 9).unwrap())
    }

    fn new(name: &str, method: u16, content: &[u8], data: &[u8]) -> Part {
        let len = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap();
        let (flags, crc32) = (FLAG_UTF8, crc32fast::hash(content));
        let (packed, size) = (len(data), len(content));
        let local = Head { name: name.into(), flags, method, crc32, packed, size, extra: Vec::new() };
        Part {
            central: local.clone(),
            local,
            data: data.into(),
            after: Vec::new(),
            comment: Vec::new(),
            disk: 0,
            attributes: 0,
            shift: 0,
            header: None,
        }
    }

    /// Changes both heads alike.
    pub(super) fn both(mut self, change: impl Fn(&mut Head)) -> Part {
        change(&mut self.local);
        change(&mut self.central);
        self
    }

    pub(super) fn change(mut self, change: impl FnOnce(&mut Part)) -> Part {
        change(&mut self);
        self
    }

    /// Sizes and CRC-32 after the data.
    pub(super) fn described(self, descriptor: impl Fn(&Head) -> Vec<u8>) -> Part {
        let mut part = self.both(|head| head.flags |= FLAG_DESCRIPTOR);
        part.after = descriptor(&part.central);
        (part.local.crc32, part.local.packed, part.local.size) = (0, 0, 0);
        part
    }
}

/// The end record; the numbers in it are right unless changed.
#[derive(Clone, Default)]
pub(super) struct Ending {
    pub(super) disks: (u16, u16),
    pub(super) count_here: u16,
    pub(super) count: u16,
    pub(super) size: u32,
    pub(super) offset: u32,
    pub(super) comment: Vec<u8>,
}

/// Made from count, size and offset.
type WideEnd = fn(u64, u64, u64) -> Vec<u8>;

#[derive(Default)]
pub(super) struct Zip {
    pub(super) parts: Vec<Part>,
    pub(super) prefix: Vec<u8>,
    /// Between the entries and the directory.
    pub(super) gap: Vec<u8>,
    /// Between the directory and the end record.
    pub(super) wide: Option<WideEnd>,
}

impl Zip {
    pub(super) fn of(parts: &[Part]) -> Zip {
        Zip { parts: parts.to_vec(), ..Zip::default() }
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        self.ending(|_| {})
    }

    pub(super) fn ending(&self, change: impl FnOnce(&mut Ending)) -> Vec<u8> {
        let mut out = self.prefix.clone();
        let mut offsets = Vec::new();
        for part in &self.parts {
            offsets.push(u32::try_from(out.len()).unwrap());
            out.extend(LOCAL);
            out.extend(20_u16.to_le_bytes());
            head(&mut out, &part.local);
            out.extend([&part.local.name[..], &part.local.extra, &part.data, &part.after].concat());
        }
        out.extend(&self.gap);
        let directory = out.len();
        for (part, offset) in self.parts.iter().zip(offsets) {
            out.extend(CENTRAL);
            out.extend([20, 0, 20, 0]);
            head(&mut out, &part.central);
            out.extend(u16::try_from(part.comment.len()).unwrap().to_le_bytes());
            out.extend(part.disk.to_le_bytes());
            out.extend([0, 0]);
            out.extend(part.attributes.to_le_bytes());
            let offset = u32::try_from(i64::from(part.header.unwrap_or(offset)) + part.shift).unwrap_or(NARROW);
            out.extend(offset.to_le_bytes());
            out.extend([&part.central.name[..], &part.central.extra, &part.comment].concat());
        }
        let size = out.len() - directory;
        let count = u16::try_from(self.parts.len()).unwrap();
        if let Some(wide) = self.wide {
            out.extend(wide(u64::from(count), to_u64(size), to_u64(directory)));
        }
        let mut ending = Ending {
            count_here: count,
            count,
            size: u32::try_from(size).unwrap(),
            offset: u32::try_from(directory).unwrap(),
            ..Ending::default()
        };
        change(&mut ending);
        out.extend(END);
        for number in [ending.disks.0, ending.disks.1, ending.count_here, ending.count] {
            out.extend(number.to_le_bytes());
        }
        out.extend(ending.size.to_le_bytes());
        out.extend(ending.offset.to_le_bytes());
        out.extend(u16::try_from(ending.comment.len()).unwrap().to_le_bytes());
        out.extend(ending.comment);
        out
    }
}

/// From the flags to the lengths of name and extra fields.
fn head(out: &mut Vec<u8>, head: &Head) {
    out.extend(head.flags.to_le_bytes());
    out.extend(head.method.to_le_bytes());
    out.extend([0, 0, 0x21, 0]);
    for number in [head.crc32, head.packed, head.size] {
        out.extend(number.to_le_bytes());
    }
    for part in [&head.name, &head.extra] {
        out.extend(u16::try_from(part.len()).unwrap().to_le_bytes());
    }
}

/// An extra field.
pub(super) fn extra(id: u16, data: &[u8]) -> Vec<u8> {
    [&id.to_le_bytes()[..], &u16::try_from(data.len()).unwrap().to_le_bytes(), data].concat()
}

/// 64-bit numbers.
pub(super) fn wide(numbers: &[u64]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

/// The ZIP64 end record and its locator.
pub(super) fn wide_end(count: u64, size: u64, offset: u64) -> Vec<u8> {
    let mut out = END_64.to_vec();
    out.extend(44_u64.to_le_bytes());
    out.extend([45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    out.extend(wide(&[count, count, size, offset]));
    out.extend(LOCATOR_64);
    out.extend([0; 4]);
    out.extend((offset + size).to_le_bytes());
    out.extend([1, 0, 0, 0]);
    out
}
