//! Pairs of invented names, by what sets them apart.

use clear_names::{Match, Name, Why, compare, compare_names};
use proptest::prelude::*;

/// Lines `name | name`: one person's, or not.
fn check(same: bool, lines: &str) {
    for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (a, b) = line.split_once('|').unwrap_or((line, ""));
        let found = compare(a, b);
        assert_eq!(found.is_match(), same, "{line}: {found:?}");
        assert_eq!(compare(b, a).score.to_bits(), found.score.to_bits(), "{line}");
    }
}

#[test]
fn order_initials_and_missing_words_are_one_person() {
    check(
        true,
        "Hartwell, Rosalind | Rosalind Hartwell
         Hartwell Rosalind Mae | Rosalind Mae Hartwell
         R. Hartwell | Rosalind Hartwell
         Rosalind M Hartwell | Rosalind Mae Hartwell
         J.R. Tolland | John Ronald Tolland
         JR Tolland | John Ronald Tolland
         JRQ Tolland | John Ronald Quentin Tolland
         Rosalind Hartwell | Rosalind Anne Mae Hartwell
         Rosalind Hartwell Oakes | Rosalind Oakes
         Maximiliano Hernando Villavicenci | Maximiliano Hernando Villavicencio
         Maximiliano Hernando Bustamante V | Maximiliano Hernando Bustamante Vega",
    );
    check(
        false,
        "Rosalind M Hartwell | Rosalind T Hartwell
         T Hartwell | Rosalind Hartwell
         Rosalind Hartwell | Hartwell
         Rosalind | Rosalind Hartwell
         Al Hartwell | Ana Luz Hartwell
         Rosalind Hartwell | Rosalind Oakes
         Rosalind Hartwell | Josephine Hartwell
         Rosalind Mae Hartwell | Rosalind Joan Hartwell",
    );
}

#[test]
fn nicknames_and_usual_spellings_are_one_person() {
    check(
        true,
        "Bob Hartwell | Robert Hartwell
         Peggy Oakes | Margaret Oakes
         Liz Oakes | Elizabeth Oakes
         Chuck Deveraux | Charles Devereux
         Kate O'Dwyer | Katherine ODwyer
         Paco Ruiz | Francisco Ruiz
         Sasha Ryzhova | Aleksandra Ryzhova
         Stephen Miller | Steven Miller
         Catherine Miller | Kathryn Miller
         Jeffrey Miller | Geoffrey Miller
         Shaun O Brien | Sean O'Brien",
    );
    check(
        false,
        "Bob Hartwell | William Hartwell
         Alan Oakes | Albert Oakes
         Rose Oakes | Linda Oakes",
    );
}

#[test]
fn joined_and_parted_words_are_one_person() {
    check(
        true,
        "Ana Garcia-Lopez | Ana Garcia Lopez
         Ana Garcia-Lopez | Ana Garcia
         Ana Garcia-Lopez | Ana Lopez
         Ana Garcialopez | Ana Garcia Lopez
         Maria de la Cruz | Maria Delacruz
         Maria de la Cruz | Maria Cruz
         Sean Mc Donald | Sean McDonald
         Sean MacDonald | Sean McDonald
         Mary Ann Tolland | Maryann Tolland
         RosalindHartwell | Rosalind Hartwell",
    );
    check(false, "Ana Garcia-Lopez | Ana Garcia-Ruiz");
}

#[test]
fn titles_say_nothing_and_generations_much() {
    check(
        true,
        "Dr. Helen Oakes | Helen Oakes
         Mr Helmut Oakes Jr | Helmut Oakes
         Sgt. Helmut Oakes | Oakes Helmut
         Oakes, Helmut, MD | Helmut Oakes",
    );
    check(
        false,
        "Helmut Oakes Jr | Helmut Oakes Sr
         Helmut Oakes III | Helmut Oakes II",
    );
}

#[test]
fn typing_errors_are_one_person() {
    check(
        true,
        "Rosalnid Hartwell | Rosalind Hartwell
         Rosalind Hrtwell | Rosalind Hartwell
         Rosalnd Hartwlel | Rosalind Hartwell
         Jonh Smiht | John Smith
         Loia Oakes | Lois Oakes
         R0salind Hartwe11 | Rosalind Hartwell
         Philip Tayler | Phillip Taylor
         Kristin Schmidt | Christine Schmitt
         Hector Ximenez | Hector Jimenez
         Karl Müller | Karl Mueller
         Søren Ågaard | Soren Aagaard
         John Reed | John Reid
         John Rogers | John Rodgers",
    );
}

#[test]
fn two_names_a_letter_apart_are_two_persons() {
    check(
        false,
        "John Smith | Joan Smith
         Eric Oakes | Erica Oakes
         Paul Oakes | Paula Oakes
         Mario Ruiz | Maria Ruiz
         Daniel Oakes | Danielle Oakes
         Michael Oakes | Michelle Oakes
         Martin Oakes | Marvin Oakes
         Tim Oakes | Tom Oakes
         Mark Oakes | Mary Oakes
         John Harris | John Harrison
         John Martin | John Martinez
         John Perez | John Perry
         Hassan Karimi | Hussein Karimi
         Ahmed Karimi | Hamid Karimi
         Mohammed Karimi | Mahmoud Karimi
         Wei Zhang | Wei Zhao
         Park Ji Hoon | Park Ji Young
         Nguyen Van Anh | Nguyen Van Binh",
    );
}

#[test]
fn one_person_is_written_in_many_scripts() {
    check(
        true,
        "Дмитрий Воронцов | Dmitry Vorontzoff
         Юлия Шестакова | Iuliia Shestakova
         Юлия Шестакова | Julija Schestakowa
         Евгений Чижов | Yevgeny Chizhov
         Евгений Чижов | Evgenii Tchijov
         Евгений Чижов | Jewgeni Tschischow
         Олександр Гриценко | Alexander Gritsenko
         Γιώργος Ευσταθίου | Yiorgos Evstathiou
         Χρήστος Μπακάλης | Christos Bakalis
         خالد يوسف الحداد | Khaled Youssef Al-Haddad
         عمر فاروق | Omar Farouk
         حسين مرادی | Hossein Moradi
         משה לוי | Moshe Levi
         王小明 | Wang Xiaoming
         王小明 | Xiaoming Wang
         陈志强 | Ch'en Chih-ch'iang
         張偉 | 张伟
         박지훈 | Park Ji-hoon
         박지훈 | Pak Chi-hun
         이영희 | Lee Young-hee
         정은지 | Jung Eun-ji
         たなか ひろし | Hiroshi Tanaka
         タナカ ヒロシ | Tanaka Hiroshi
         გიორგი ბერიძე | Giorgi Beridze
         Արմեն Սարգսյան | Armen Sarkisian
         राजेश शर्मा | Rajesh Sharma
         সুমন দাস | Suman Das
         Nguyễn Văn Đức | Duc Nguyen
         Şükrü Yıldız | Sukru Yildiz",
    );
    check(
        false,
        "Михаил Рыжов | Nikolai Ryzhov
         Михаил Андреевич Рыжов | Mikhail Sergeevich Ryzhov
         Χρήστος Μπακάλης | Nikos Bakalis
         خالد يوسف الحداد | Khalid Yusuf al-Najjar
         דוד מזרחי | Daniel Mizrahi
         陈志强 | 陈志刚
         박지훈 | Park Ji-young",
    );
}

#[test]
fn a_father_is_no_son() {
    check(
        true,
        "Yousef bin Tariq | Yusuf ibn Tarek
         Abdul Rahman Nasser | Abdurrahman Nasir
         Abd al-Rahman Nasser | Abdelrahman Naser",
    );
    check(
        false,
        "Yousef bin Tariq | Tariq bin Yousef
         Abdul Rahman Nasser | Abdul Karim Nasser",
    );
}

#[test]
fn a_match_says_why() {
    let why = |a: &str, b: &str| -> Vec<(String, String, Why)> {
        let (a_words, b_words) = (a.split(' ').collect::<Vec<_>>(), b.split(' ').collect::<Vec<_>>());
        let pairs = compare(a, b).pairs.into_iter();
        pairs.map(|pair| (a_words[pair.a].join(" "), b_words[pair.b].join(" "), pair.why)).collect()
    };
    let pair = |a: &str, b: &str, why| (a.to_owned(), b.to_owned(), why);
    assert_eq!(
        why("Bob Q Mc Donald", "McDonald Quentin Robert"),
        [
            pair("Mc Donald", "McDonald", Why::Joined),
            pair("Bob", "Robert", Why::Nickname),
            pair("Q", "Quentin", Why::Initial),
        ]
    );
    assert_eq!(
        why("Khalid Hartwel", "Khaled Hartwell"),
        [pair("Hartwel", "Hartwell", Why::Alike), pair("Khalid", "Khaled", Why::Spelling),]
    );
}

#[test]
fn bad_input_is_an_answer() {
    for text in ["", " ", "🙂", "'-'", "\0", "Dr.", "\u{202e}\u{301}"] {
        assert_eq!(compare(text, "Rosalind Hartwell").score, 0.0, "{text:?}");
    }
    assert!(Name::of("").is_empty() && compare("", "") == Match { score: 0.0, pairs: Vec::new() });
    let long = "Rosalind ".repeat(1_200);
    assert_eq!(compare(&long, &long).score, 1.0);
    assert!(compare(&"a'b ".repeat(2_500), &"b-a ".repeat(2_500)).score <= 1.0);
}

proptest! {
    #[test]
    fn comparing_is_symmetric_and_bounded(a in NAMES, b in NAMES) {
        let (x, y) = (Name::of(&a), Name::of(&b));
        let (there, back) = (compare_names(&x, &y), compare_names(&y, &x));
        prop_assert!((0.0..=1.0).contains(&there.score));
        prop_assert_eq!(there.score.to_bits(), back.score.to_bits());
        let turned: Vec<_> = back.pairs.into_iter().map(|p| (p.b, p.a, p.why)).collect();
        prop_assert_eq!(there.pairs.into_iter().map(|p| (p.a, p.b, p.why)).collect::<Vec<_>>(), turned);
    }

    #[test]
    fn a_name_is_itself(a in NAMES) {
        let name = Name::of(&a);
        prop_assert_eq!(compare_names(&name, &name).score, if name.is_empty() { 0.0 } else { 1.0 });
    }
}

/// Few letters, so that words meet; and whatever there is.
const NAMES: &str =
    "([ABJRab]{1,4}[ '-]){0,5}|(bin |al |Dr |Jr |Bob |Robert |Mc |[A-D]{1,6} ){0,7}|\\PC{0,60}|[李王가나אבشم ]{0,8}";
