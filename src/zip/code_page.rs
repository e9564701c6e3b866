//! Names from before UTF-8: a byte a letter, in the code page of the machine that made the ZIP.

/// A code page of DOS, in which a name may be that is no UTF-8 and has no flag.
///
/// Each of its bytes has one letter and each letter one byte, so that names differ as their bytes do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CodePage {
    /// What a name without the UTF-8 flag is in by the letter (APPNOTE 6.3.10, appendix D).
    Cp437,
    /// Central Europe.
    Cp852,
    /// The Baltic states.
    Cp775,
    /// Western Europe.
    Cp850,
}

impl CodePage {
    /// All of them, the likeliest first.
    pub(super) const ALL: [CodePage; 4] = [CodePage::Cp437, CodePage::Cp852, CodePage::Cp775, CodePage::Cp850];

    /// Its number.
    pub(crate) fn number(self) -> u16 {
        match self {
            CodePage::Cp437 => 437,
            CodePage::Cp852 => 852,
            CodePage::Cp775 => 775,
            CodePage::Cp850 => 850,
        }
    }

    /// The letters of a name.
    pub(crate) fn decode(self, name: &[u8]) -> String {
        let upper = match self {
            CodePage::Cp437 => CP437,
            CodePage::Cp852 => CP852,
            CodePage::Cp775 => CP775,
            CodePage::Cp850 => CP850,
        };
        let upper: Vec<char> = upper.chars().collect();
        let letter = |byte: u8| match byte.checked_sub(0x80) {
            Some(above) => upper.get(usize::from(above)).copied().unwrap_or(char::REPLACEMENT_CHARACTER),
            None => char::from(byte),
        };
        name.iter().copied().map(letter).collect()
    }
}

/// From `80` to `FF`.
const CP437: &str = concat!(
    "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐",
    "└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}",
);
/// From `80` to `FF`.
const CP852: &str = concat!(
    "ÇüéâäůćçłëŐőîŹÄĆÉĹĺôöĽľŚśÖÜŤťŁ×čáíóúĄąŽžĘę¬źČş«»░▒▓│┤ÁÂĚŞ╣║╗╝Żż┐",
    "└┴┬├─┼Ăă╚╔╩╦╠═╬¤đĐĎËďŇÍÎě┘┌█▄ŢŮ▀ÓßÔŃńňŠšŔÚŕŰýÝţ´\u{ad}˝˛ˇ˘§÷¸°¨˙űŘř■\u{a0}",
);
/// From `80` to `FF`.
const CP775: &str = concat!(
    "ĆüéāäģåćłēŖŗīŹÄÅÉæÆōöĢ¢ŚśÖÜø£Ø×¤ĀĪóŻżź”¦©®¬½¼Ł«»░▒▓│┤ĄČĘĖ╣║╗╝ĮŠ┐",
    "└┴┬├─┼ŲŪ╚╔╩╦╠═╬Žąčęėįšųūž┘┌█▄▌▐▀ÓßŌŃõÕµńĶķĻļņĒŅ’\u{ad}±“¾¶§÷„°∙·¹³²■\u{a0}",
);
/// From `80` to `FF`.
const CP850: &str = concat!(
    "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐",
    "└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u{ad}±‗¾¶§÷¸°¨·¹³²■\u{a0}",
);

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_byte_has_a_letter_of_its_own() {
        for page in CodePage::ALL {
            let all: Vec<u8> = (0..=255).collect();
            let letters = page.decode(&all);
            assert_eq!(letters.chars().collect::<BTreeSet<char>>().len(), 256, "{page:?}");
            assert!(!letters.contains(char::REPLACEMENT_CHARACTER) && letters.starts_with("\0\u{1}"), "{page:?}");
        }
        assert_eq!(CodePage::Cp437.decode(b"na\x84ve \xe1.txt"), "naäve ß.txt");
        assert_eq!(CodePage::Cp852.decode(b"p\xfd\xa1loha \x9c.txt"), "příloha ť.txt");
        assert_eq!(CodePage::Cp775.decode(b"l\xd7gums \x89.txt"), "lūgums ē.txt");
    }
}
