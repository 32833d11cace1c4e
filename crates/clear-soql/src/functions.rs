//! Every function and operator of the language, in one list: what it takes, what it gives, what it does and an example.
//!
//! In:    nothing.
//! Out:   [`FUNCTIONS`]; the analysis, the page docs/soql.md and the tests are made from it.
//! Never: computes; the engine does, and says for each id how.
//!
//! # Change here
//! A function: one entry here, one arm in the engine. Its example is run by a test.

use crate::types::{SoqlType, Types};

/// Where a function may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Written as a sign or keyword: `a + b`, `a LIKE b`.
    Operator,
    /// One value of one row.
    Scalar,
    /// One value of many rows.
    Aggregate,
    /// One value for each row, of the rows around it; needs `OVER (…)`.
    Window,
}

/// What an argument must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// That type.
    One(SoqlType),
    /// One of those types; every argument of the same letter is of the same type.
    Same(char, Types),
}

/// What comes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gives {
    /// That type.
    One(SoqlType),
    /// The type of the arguments of that letter.
    Same(char),
}

/// One way to call a function.
#[derive(Debug, Clone, Copy)]
pub struct Signature {
    /// The arguments in order.
    pub takes: &'static [Takes],
    /// Arguments that may follow, as a row, any number of times.
    pub more: &'static [Takes],
    /// What comes out.
    pub gives: Gives,
}

/// A function or operator.
#[derive(Debug)]
pub struct Function {
    /// Its id.
    pub id: FunctionId,
    /// How it is called, in lower case; an operator as errors name it.
    pub name: &'static str,
    /// Where it may stand.
    pub kind: Kind,
    /// The ways to call it.
    pub signatures: &'static [Signature],
    /// What it does.
    pub doc: &'static str,
    /// An expression on the sample of docs/soql.md.
    pub example: &'static str,
    /// What it is for the first row of the sample, by `:id`.
    pub answer: &'static str,
}

macro_rules! functions {
    ($($id:ident $name:literal $kind:ident [$($takes:expr, $more:expr => $gives:expr;)+]
        $doc:literal, $example:literal => $answer:literal;)*) => {
        /// The ids of all functions.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[allow(missing_docs, reason = "each is told in `FUNCTIONS`")]
        pub enum FunctionId { $($id,)* }

        /// Every function and operator.
        pub static FUNCTIONS: &[Function] = &[$(Function {
            id: FunctionId::$id,
            name: $name,
            kind: Kind::$kind,
            signatures: &[$(Signature { takes: &$takes, more: &$more, gives: $gives },)+],
            doc: $doc,
            example: $example,
            answer: $answer,
        },)*];
    };
}

use Takes::{One, Same};

const TEXT: Takes = One(SoqlType::Text);
const NUMBER: Takes = One(SoqlType::Number);
const CHECKBOX: Takes = One(SoqlType::Checkbox);
const FLOATING: Takes = One(SoqlType::FloatingTimestamp);
const FIXED: Takes = One(SoqlType::FixedTimestamp);
const POINT: Takes = One(SoqlType::Point);

functions! {
    Or "op$OR" Operator [[CHECKBOX, CHECKBOX], [] => Gives::One(SoqlType::Checkbox);]
        "Either; unknown only if no side decides.",
        "arrest OR domestic" => "true";
    And "op$AND" Operator [[CHECKBOX, CHECKBOX], [] => Gives::One(SoqlType::Checkbox);]
        "Both; unknown only if no side decides.",
        "arrest AND domestic" => "false";
    Not "op$NOT" Operator [[CHECKBOX], [] => Gives::One(SoqlType::Checkbox);]
        "The opposite.",
        "NOT arrest" => "false";
    Equal "op$=" Operator [[Same('a', Types::ANY), Same('a', Types::ANY)], [] => Gives::One(SoqlType::Checkbox);]
        "Equal; texts letter by letter, capitals and all. Also written `==`.",
        "primary_type = 'THEFT'" => "true";
    NotEqual "op$!=" Operator [[Same('a', Types::ANY), Same('a', Types::ANY)], [] => Gives::One(SoqlType::Checkbox);]
        "Not equal. Also written `<>`.",
        "primary_type != 'theft'" => "true";
    Less "op$<" Operator [[Same('a', Types::ORDERED), Same('a', Types::ORDERED)], [] => Gives::One(SoqlType::Checkbox);]
        "Less, earlier, or before in the order of texts.",
        "ward < 5" => "true";
    LessEqual "op$<=" Operator [[Same('a', Types::ORDERED), Same('a', Types::ORDERED)], [] => Gives::One(SoqlType::Checkbox);]
        "Less or equal.",
        "ward <= 4" => "true";
    Greater "op$>" Operator [[Same('a', Types::ORDERED), Same('a', Types::ORDERED)], [] => Gives::One(SoqlType::Checkbox);]
        "Greater, later, or behind.",
        "date > '2018'" => "false";
    GreaterEqual "op$>=" Operator [[Same('a', Types::ORDERED), Same('a', Types::ORDERED)], [] => Gives::One(SoqlType::Checkbox);]
        "Greater or equal.",
        "date >= '2017-09-17T23:57:00'" => "true";
    Add "op$+" Operator [[NUMBER, NUMBER], [] => Gives::One(SoqlType::Number);]
        "The sum; NULL where it is too large for a number.",
        "ward + 1" => "5";
    Subtract "op$-" Operator [[NUMBER, NUMBER], [] => Gives::One(SoqlType::Number);]
        "The difference.",
        "ward - 0.5" => "3.5";
    Concat "op$||" Operator [[Same('a', Types::ANY), Same('b', Types::ANY)], [] => Gives::One(SoqlType::Text);]
        "Both as texts, one behind the other.",
        "beat || '/' || ward" => "0411/4";
    Multiply "op$*" Operator [[NUMBER, NUMBER], [] => Gives::One(SoqlType::Number);]
        "The product.",
        "ward * 2" => "8";
    Divide "op$/" Operator [[NUMBER, NUMBER], [] => Gives::One(SoqlType::Number);]
        "The quotient, never cut to a whole number; NULL where the divisor is 0.",
        "ward / 8" => "0.5";
    Modulo "op$%" Operator [[NUMBER, NUMBER], [] => Gives::One(SoqlType::Number);]
        "What a division leaves, with the sign of the dividend; NULL where the divisor is 0.",
        "ward % 3" => "1";
    Power "op$^" Operator [[NUMBER, NUMBER], [] => Gives::One(SoqlType::Number);]
        "The power; NULL where there is none.",
        "ward ^ 2" => "16";
    Negate "op$-" Operator [[NUMBER], [] => Gives::One(SoqlType::Number);]
        "The number with the other sign.",
        "-ward" => "-4";
    Plus "op$+" Operator [[NUMBER], [] => Gives::One(SoqlType::Number);]
        "The number as it is.",
        "+ward" => "4";
    IsNull "#IS_NULL" Operator [[Same('a', Types::ANY)], [] => Gives::One(SoqlType::Checkbox);]
        "Whether there is no value.",
        "amount IS NULL" => "false";
    IsNotNull "#IS_NOT_NULL" Operator [[Same('a', Types::ANY)], [] => Gives::One(SoqlType::Checkbox);]
        "Whether there is a value.",
        "amount IS NOT NULL" => "true";
    Like "#LIKE" Operator [[TEXT, TEXT], [] => Gives::One(SoqlType::Checkbox);]
        "Whether a text is of a pattern: `%` stands for any characters, `_` for one.",
        "primary_type LIKE 'TH%'" => "true";
    NotLike "#NOT_LIKE" Operator [[TEXT, TEXT], [] => Gives::One(SoqlType::Checkbox);]
        "Whether a text is not of a pattern.",
        "primary_type NOT LIKE '_HEFT'" => "false";
    Between "#BETWEEN" Operator [[Same('a', Types::ORDERED), Same('a', Types::ORDERED), Same('a', Types::ORDERED)], [] => Gives::One(SoqlType::Checkbox);]
        "Whether a value lies between two, both included.",
        "ward BETWEEN 4 AND 5" => "true";
    NotBetween "#NOT_BETWEEN" Operator [[Same('a', Types::ORDERED), Same('a', Types::ORDERED), Same('a', Types::ORDERED)], [] => Gives::One(SoqlType::Checkbox);]
        "Whether a value lies outside of two.",
        "ward NOT BETWEEN 4 AND 5" => "false";
    In "#IN" Operator [[Same('a', Types::ANY)], [Same('a', Types::ANY)] => Gives::One(SoqlType::Checkbox);]
        "Whether a value is one of a list.",
        "primary_type IN ('THEFT', 'BATTERY')" => "true";
    NotIn "#NOT_IN" Operator [[Same('a', Types::ANY)], [Same('a', Types::ANY)] => Gives::One(SoqlType::Checkbox);]
        "Whether a value is none of a list.",
        "primary_type NOT IN ('THEFT')" => "false";
    CastText "cast$text" Operator [[TEXT], [] => Gives::One(SoqlType::Text); [NUMBER], [] => Gives::One(SoqlType::Text); [CHECKBOX], [] => Gives::One(SoqlType::Text); [FLOATING], [] => Gives::One(SoqlType::Text); [FIXED], [] => Gives::One(SoqlType::Text); [Same('a', Types::GEO)], [] => Gives::One(SoqlType::Text); [One(SoqlType::Url)], [] => Gives::One(SoqlType::Text); [One(SoqlType::Json)], [] => Gives::One(SoqlType::Text);]
        "The value as a text.",
        "ward::text" => "4";
    CastNumber "cast$number" Operator [[NUMBER], [] => Gives::One(SoqlType::Number); [TEXT], [] => Gives::One(SoqlType::Number);]
        "The number that a text writes; NULL where it writes none.",
        "beat::number" => "411";
    CastCheckbox "cast$checkbox" Operator [[CHECKBOX], [] => Gives::One(SoqlType::Checkbox); [TEXT], [] => Gives::One(SoqlType::Checkbox);]
        "Yes for `true`, `t` and `1`, no for `false`, `f` and `0`, else NULL.",
        "'true'::checkbox" => "true";
    CastFloating "cast$floating_timestamp" Operator [[FLOATING], [] => Gives::One(SoqlType::FloatingTimestamp); [TEXT], [] => Gives::One(SoqlType::FloatingTimestamp);]
        "The time on the city's clock that a text writes; NULL where it writes none.",
        "'2017-09-17'::floating_timestamp" => "2017-09-17T00:00:00.000";
    CastFixed "cast$fixed_timestamp" Operator [[FIXED], [] => Gives::One(SoqlType::FixedTimestamp); [TEXT], [] => Gives::One(SoqlType::FixedTimestamp);]
        "The moment that a text writes; NULL where it writes none.",
        "'2017-09-17T00:00:00Z'::fixed_timestamp" => "2017-09-17T00:00:00.000Z";
    CastPoint "cast$point" Operator [[One(SoqlType::Point)], [] => Gives::One(SoqlType::Point); [TEXT], [] => Gives::One(SoqlType::Point);]
        "The geometry that a text writes as well-known text; NULL where it writes none.",
        "'POINT (-87.6 41.8)'::point" => "POINT (-87.6 41.8)";
    CastMultiPoint "cast$multipoint" Operator [[One(SoqlType::MultiPoint)], [] => Gives::One(SoqlType::MultiPoint); [TEXT], [] => Gives::One(SoqlType::MultiPoint);]
        "The geometry that a text writes as well-known text; NULL where it writes none.",
        "'MULTIPOINT ((-87.6 41.8))'::multipoint" => "MULTIPOINT ((-87.6 41.8))";
    CastLine "cast$line" Operator [[One(SoqlType::Line)], [] => Gives::One(SoqlType::Line); [TEXT], [] => Gives::One(SoqlType::Line);]
        "The geometry that a text writes as well-known text; NULL where it writes none.",
        "'LINESTRING (-87.6 41.8, -87.7 41.9)'::line" => "LINESTRING (-87.6 41.8, -87.7 41.9)";
    CastMultiLine "cast$multiline" Operator [[One(SoqlType::MultiLine)], [] => Gives::One(SoqlType::MultiLine); [TEXT], [] => Gives::One(SoqlType::MultiLine);]
        "The geometry that a text writes as well-known text; NULL where it writes none.",
        "'MULTILINESTRING ((-87.6 41.8, -87.7 41.9))'::multiline" => "MULTILINESTRING ((-87.6 41.8, -87.7 41.9))";
    CastPolygon "cast$polygon" Operator [[One(SoqlType::Polygon)], [] => Gives::One(SoqlType::Polygon); [TEXT], [] => Gives::One(SoqlType::Polygon);]
        "The geometry that a text writes as well-known text; NULL where it writes none.",
        "'POLYGON ((0 0, 1 0, 1 1, 0 0))'::polygon" => "POLYGON ((0 0, 1 0, 1 1, 0 0))";
    CastMultiPolygon "cast$multipolygon" Operator [[One(SoqlType::MultiPolygon)], [] => Gives::One(SoqlType::MultiPolygon); [TEXT], [] => Gives::One(SoqlType::MultiPolygon);]
        "The geometry that a text writes as well-known text; NULL where it writes none.",
        "'MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)))'::multipolygon" => "MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)))";
    CastUrl "cast$url" Operator [[One(SoqlType::Url)], [] => Gives::One(SoqlType::Url); [TEXT], [] => Gives::One(SoqlType::Url);]
        "A text as an address on the web.",
        "'https://example.org'::url" => "https://example.org";
    CastJson "cast$json" Operator [[One(SoqlType::Json)], [] => Gives::One(SoqlType::Json); [TEXT], [] => Gives::One(SoqlType::Json);]
        "A text as a JSON value, as it is.",
        "'[1]'::json" => "[1]";
    Case "case" Scalar [[CHECKBOX, Same('a', Types::ANY)], [CHECKBOX, Same('a', Types::ANY)] => Gives::Same('a');]
        "The value behind the first condition that holds; NULL where none does. `CASE WHEN … THEN … ELSE … END` says the same.",
        "case(ward > 10, 'north', true, 'south')" => "south";
    Iif "iif" Scalar [[CHECKBOX, Same('a', Types::ANY), Same('a', Types::ANY)], [] => Gives::Same('a');]
        "The second where the first holds, else the third.",
        "iif(arrest, 'yes', 'no')" => "yes";
    Coalesce "coalesce" Scalar [[Same('a', Types::ANY)], [Same('a', Types::ANY)] => Gives::Same('a');]
        "The first that is a value.",
        "coalesce(NULL, block)" => "031XX W CHICAGO AVE";
    Nullif "nullif" Scalar [[Same('a', Types::ANY), Same('a', Types::ANY)], [] => Gives::Same('a');]
        "NULL where both are equal, else the first.",
        "nullif(ward, 5)" => "4";
    Greatest "greatest" Scalar [[Same('a', Types::ORDERED)], [Same('a', Types::ORDERED)] => Gives::Same('a');]
        "The largest that is a value.",
        "greatest(ward, 7, NULL)" => "7";
    Least "least" Scalar [[Same('a', Types::ORDERED)], [Same('a', Types::ORDERED)] => Gives::Same('a');]
        "The smallest that is a value.",
        "least(ward, 7, NULL)" => "4";
    Abs "abs" Scalar [[NUMBER], [] => Gives::One(SoqlType::Number);]
        "The number without its sign.",
        "abs(-1.5)" => "1.5";
    Ceil "ceil" Scalar [[NUMBER], [] => Gives::One(SoqlType::Number);]
        "The next whole number upwards.",
        "ceil(1.2)" => "2";
    Floor "floor" Scalar [[NUMBER], [] => Gives::One(SoqlType::Number);]
        "The next whole number downwards.",
        "floor(-1.2)" => "-2";
    Round "round" Scalar [[NUMBER, NUMBER], [] => Gives::One(SoqlType::Number); [NUMBER], [] => Gives::One(SoqlType::Number);]
        "Rounded to so many digits behind the point, halves away from 0; to tens where the digits are less than 0.",
        "round(25.159, 1)" => "25.2";
    Ln "ln" Scalar [[NUMBER], [] => Gives::One(SoqlType::Number);]
        "The natural logarithm; NULL where there is none.",
        "ln(1)" => "0";
    Upper "upper" Scalar [[TEXT], [] => Gives::One(SoqlType::Text);]
        "In capitals.",
        "upper('théâtre')" => "THÉÂTRE";
    Lower "lower" Scalar [[TEXT], [] => Gives::One(SoqlType::Text);]
        "In small letters.",
        "lower(primary_type)" => "theft";
    Unaccent "unaccent" Scalar [[TEXT], [] => Gives::One(SoqlType::Text);]
        "Without accents and other marks.",
        "unaccent('Sainte-Thérèse')" => "Sainte-Therese";
    StartsWith "starts_with" Scalar [[TEXT, TEXT], [] => Gives::One(SoqlType::Checkbox);]
        "Whether a text begins with another.",
        "starts_with(block, '031XX')" => "true";
    Contains "contains" Scalar [[TEXT, TEXT], [] => Gives::One(SoqlType::Checkbox);]
        "Whether a text has another in it.",
        "contains(block, 'CHICAGO')" => "true";
    Substring "substring" Scalar [[TEXT, NUMBER], [] => Gives::One(SoqlType::Text); [TEXT, NUMBER, NUMBER], [] => Gives::One(SoqlType::Text);]
        "From that character on, the first being 1; at most so many.",
        "substring(primary_type, 2, 3)" => "HEF";
    Replace "replace" Scalar [[TEXT, TEXT, TEXT], [] => Gives::One(SoqlType::Text);]
        "Every second text in the first becomes the third.",
        "replace(block, 'XX', '00')" => "03100 W CHICAGO AVE";
    Trim "trim" Scalar [[TEXT], [] => Gives::One(SoqlType::Text);]
        "Without blanks at both ends.",
        "trim('  a ')" => "a";
    TrimLeading "trim_leading" Scalar [[TEXT], [] => Gives::One(SoqlType::Text);]
        "Without blanks in front.",
        "trim_leading('  a')" => "a";
    TrimTrailing "trim_trailing" Scalar [[TEXT], [] => Gives::One(SoqlType::Text);]
        "Without blanks behind.",
        "trim_trailing('a  ')" => "a";
    Length "length" Scalar [[TEXT], [] => Gives::One(SoqlType::Number);]
        "How many characters.",
        "length('théâtre')" => "7";
    SplitPart "split_part" Scalar [[TEXT, TEXT, NUMBER], [] => Gives::One(SoqlType::Text);]
        "The text cut at the second, and of the pieces that one, the first being 1; counted from behind where it is less than 0; empty where there is none.",
        "split_part(block, ' ', 3)" => "CHICAGO";
    LeftPad "left_pad" Scalar [[TEXT, NUMBER, TEXT], [] => Gives::One(SoqlType::Text);]
        "Filled up in front with the third to so many characters; cut to them if it is longer.",
        "left_pad(ward::text, 3, '0')" => "004";
    RightPad "right_pad" Scalar [[TEXT, NUMBER, TEXT], [] => Gives::One(SoqlType::Text);]
        "Filled up behind with the third to so many characters; cut to them if it is longer.",
        "right_pad('a', 3, '.')" => "a..";
    CaselessEq "caseless_eq" Scalar [[TEXT, TEXT], [] => Gives::One(SoqlType::Checkbox);]
        "Equal, capitals or not.",
        "caseless_eq(primary_type, 'theft')" => "true";
    CaselessNe "caseless_ne" Scalar [[TEXT, TEXT], [] => Gives::One(SoqlType::Checkbox);]
        "Not equal, capitals or not.",
        "caseless_ne(primary_type, 'theft')" => "false";
    CaselessContains "caseless_contains" Scalar [[TEXT, TEXT], [] => Gives::One(SoqlType::Checkbox);]
        "Whether a text has another in it, capitals or not.",
        "caseless_contains(block, 'chicago')" => "true";
    CaselessStartsWith "caseless_starts_with" Scalar [[TEXT, TEXT], [] => Gives::One(SoqlType::Checkbox);]
        "Whether a text begins with another, capitals or not.",
        "caseless_starts_with(primary_type, 'the')" => "true";
    CaselessOneOf "caseless_one_of" Scalar [[TEXT, TEXT], [TEXT] => Gives::One(SoqlType::Checkbox);]
        "Whether a text is one of the others, capitals or not.",
        "caseless_one_of(primary_type, 'arson', 'theft')" => "true";
    CaselessNotOneOf "caseless_not_one_of" Scalar [[TEXT, TEXT], [TEXT] => Gives::One(SoqlType::Checkbox);]
        "Whether a text is none of the others, capitals or not.",
        "caseless_not_one_of(primary_type, 'arson')" => "true";
    DateTruncY "date_trunc_y" Scalar [[FLOATING], [] => Gives::One(SoqlType::FloatingTimestamp);]
        "The beginning of the year.",
        "date_trunc_y(date)" => "2017-01-01T00:00:00.000";
    DateTruncYm "date_trunc_ym" Scalar [[FLOATING], [] => Gives::One(SoqlType::FloatingTimestamp);]
        "The beginning of the month.",
        "date_trunc_ym(date)" => "2017-09-01T00:00:00.000";
    DateTruncYmd "date_trunc_ymd" Scalar [[FLOATING], [] => Gives::One(SoqlType::FloatingTimestamp);]
        "The beginning of the day.",
        "date_trunc_ymd(date)" => "2017-09-17T00:00:00.000";
    DatezTruncY "datez_trunc_y" Scalar [[FIXED], [] => Gives::One(SoqlType::FixedTimestamp);]
        "The beginning of the year, in UTC.",
        "datez_trunc_y(:updated_at)" => "2018-01-01T00:00:00.000Z";
    DatezTruncYm "datez_trunc_ym" Scalar [[FIXED], [] => Gives::One(SoqlType::FixedTimestamp);]
        "The beginning of the month, in UTC.",
        "datez_trunc_ym(:updated_at)" => "2018-02-01T00:00:00.000Z";
    DatezTruncYmd "datez_trunc_ymd" Scalar [[FIXED], [] => Gives::One(SoqlType::FixedTimestamp);]
        "The beginning of the day, in UTC.",
        "datez_trunc_ymd(:updated_at)" => "2018-02-10T00:00:00.000Z";
    DateExtractY "date_extract_y" Scalar [[FLOATING], [] => Gives::One(SoqlType::Number);]
        "The year.",
        "date_extract_y(date)" => "2017";
    DateExtractM "date_extract_m" Scalar [[FLOATING], [] => Gives::One(SoqlType::Number);]
        "The month, 1 to 12.",
        "date_extract_m(date)" => "9";
    DateExtractD "date_extract_d" Scalar [[FLOATING], [] => Gives::One(SoqlType::Number);]
        "The day of the month.",
        "date_extract_d(date)" => "17";
    DateExtractHh "date_extract_hh" Scalar [[FLOATING], [] => Gives::One(SoqlType::Number);]
        "The hour, 0 to 23.",
        "date_extract_hh(date)" => "23";
    DateExtractMm "date_extract_mm" Scalar [[FLOATING], [] => Gives::One(SoqlType::Number);]
        "The minute.",
        "date_extract_mm(date)" => "57";
    DateExtractSs "date_extract_ss" Scalar [[FLOATING], [] => Gives::One(SoqlType::Number);]
        "The second.",
        "date_extract_ss(date)" => "0";
    DateExtractDow "date_extract_dow" Scalar [[FLOATING], [] => Gives::One(SoqlType::Number);]
        "The day of the week, 0 being Sunday.",
        "date_extract_dow(date)" => "0";
    DateExtractWoy "date_extract_woy" Scalar [[FLOATING], [] => Gives::One(SoqlType::Number);]
        "The week of the year (ISO 8601: the first week has the first Thursday).",
        "date_extract_woy(date)" => "37";
    DateExtractIsoY "date_extract_iso_y" Scalar [[FLOATING], [] => Gives::One(SoqlType::Number);]
        "The year that the week of ISO 8601 belongs to.",
        "date_extract_iso_y(date)" => "2017";
    DateDiffD "date_diff_d" Scalar [[Same('a', Types::TIME), Same('a', Types::TIME)], [] => Gives::One(SoqlType::Number);]
        "How many whole days lie between the second and the first, as the calendar counts them.",
        "date_diff_d(date, '2017-09-01')" => "16";
    ToFloatingTimestamp "to_floating_timestamp" Scalar [[FIXED, TEXT], [] => Gives::One(SoqlType::FloatingTimestamp);]
        "A moment on the clock of a zone; NULL where there is no such zone.",
        "to_floating_timestamp(:updated_at, 'America/Chicago')" => "2018-02-10T09:50:01.000";
    WithinCircle "within_circle" Scalar [[Same('a', Types::GEO), NUMBER, NUMBER, NUMBER], [] => Gives::One(SoqlType::Checkbox);]
        "Whether a geometry comes within so many metres of a latitude and longitude, on the sphere of the mean radius of the earth.",
        "within_circle(location, 41.8957, -87.7055, 100)" => "true";
    WithinBox "within_box" Scalar [[Same('a', Types::GEO), NUMBER, NUMBER, NUMBER, NUMBER], [] => Gives::One(SoqlType::Checkbox);]
        "Whether a geometry lies in the box of a north-western and a south-eastern corner, latitude before longitude; the border belongs to it.",
        "within_box(location, 41.9, -87.8, 41.8, -87.7)" => "true";
    WithinPolygon "within_polygon" Scalar [[Same('a', Types::GEO), Same('b', Types::POLYGONS)], [] => Gives::One(SoqlType::Checkbox);]
        "Whether a geometry lies in a polygon, given as well-known text with longitude before latitude.",
        "within_polygon(location, 'MULTIPOLYGON (((-87.8 41.8, -87.7 41.8, -87.7 41.9, -87.8 41.9, -87.8 41.8)))')" => "true";
    Intersects "intersects" Scalar [[Same('a', Types::GEO), Same('b', Types::GEO)], [] => Gives::One(SoqlType::Checkbox);]
        "Whether two geometries have a place in common.",
        "intersects(location, 'POLYGON ((-87.8 41.8, -87.7 41.8, -87.7 41.9, -87.8 41.9, -87.8 41.8))')" => "true";
    DistanceInMeters "distance_in_meters" Scalar [[Same('a', Types::GEO), Same('b', Types::GEO)], [] => Gives::One(SoqlType::Number);]
        "The shortest way between two geometries in metres, on the sphere of the mean radius of the earth.",
        "round(distance_in_meters(make_point(41.8, -87.6), make_point(41.9, -87.6)), 0)" => "11120";
    MakePoint "make_point" Scalar [[NUMBER, NUMBER], [] => Gives::One(SoqlType::Point);]
        "The point of a latitude and a longitude, in this order.",
        "make_point(41.8, -87.6)" => "POINT (-87.6 41.8)";
    NumPoints "num_points" Scalar [[Same('a', Types::GEO)], [] => Gives::One(SoqlType::Number);]
        "How many points a geometry is drawn with.",
        "num_points('LINESTRING (0 0, 1 1, 2 2)')" => "3";
    IsEmpty "is_empty" Scalar [[Same('a', Types::GEO)], [] => Gives::One(SoqlType::Checkbox);]
        "Whether a geometry has no point.",
        "is_empty('POLYGON EMPTY')" => "true";
    Simplify "simplify" Scalar [[Same('a', Types::GEO), NUMBER], [] => Gives::Same('a');]
        "Drawn with fewer points, none more than so many degrees off (Ramer, Douglas and Peucker).",
        "simplify('LINESTRING (0 0, 1 0.01, 2 0)', 0.1)" => "LINESTRING (0 0, 2 0)";
    SimplifyPreserveTopology "simplify_preserve_topology" Scalar [[Same('a', Types::GEO), NUMBER], [] => Gives::Same('a');]
        "Drawn with fewer points, without a line crossing another that it did not cross (Visvalingam and Whyatt).",
        "simplify_preserve_topology('LINESTRING (0 0, 1 0.01, 2 0)', 0.1)" => "LINESTRING (0 0, 2 0)";
    SnapToGrid "snap_to_grid" Scalar [[Same('a', Types::GEO), NUMBER], [] => Gives::Same('a');]
        "Every point moved to the next corner of a grid of so many degrees.",
        "snap_to_grid(make_point(41.84, -87.66), 0.1)" => "POINT (-87.7 41.8)";
    SpatialUnion2 "spatial_union" Scalar [[Same('a', Types::POINTS), Same('b', Types::POINTS)], [] => Gives::One(SoqlType::MultiPoint); [Same('a', Types::LINES), Same('b', Types::LINES)], [] => Gives::One(SoqlType::MultiLine); [Same('a', Types::POLYGONS), Same('b', Types::POLYGONS)], [] => Gives::One(SoqlType::MultiPolygon);]
        "Two geometries as one.",
        "spatial_union(make_point(41.8, -87.6), make_point(41.9, -87.6))" => "MULTIPOINT ((-87.6 41.8), (-87.6 41.9))";
    PointLatitude "point_latitude" Scalar [[POINT], [] => Gives::One(SoqlType::Number);]
        "The latitude of a point; also written `location.latitude`.",
        "location.latitude" => "41.8957";
    PointLongitude "point_longitude" Scalar [[POINT], [] => Gives::One(SoqlType::Number);]
        "The longitude of a point; also written `location.longitude`.",
        "location.longitude" => "-87.7055";
    Count "count" Aggregate [[Same('a', Types::ANY)], [] => Gives::One(SoqlType::Number);]
        "How many values; `count(*)` how many rows.",
        "count(amount)" => "9";
    CountDistinct "count_distinct" Aggregate [[Same('a', Types::ANY)], [] => Gives::One(SoqlType::Number);]
        "How many different values; also written `count(DISTINCT x)`.",
        "count_distinct(primary_type)" => "5";
    Sum "sum" Aggregate [[NUMBER], [] => Gives::One(SoqlType::Number);]
        "The sum of the values; NULL where there is none.",
        "sum(ward)" => "240";
    Avg "avg" Aggregate [[NUMBER], [] => Gives::One(SoqlType::Number);]
        "The mean of the values.",
        "avg(ward)" => "20";
    Min "min" Aggregate [[Same('a', Types::SIZED)], [] => Gives::Same('a');]
        "The smallest value.",
        "min(date)" => "2013-03-04T05:06:07.000";
    Max "max" Aggregate [[Same('a', Types::SIZED)], [] => Gives::Same('a');]
        "The largest value.",
        "max(primary_type)" => "THEFT";
    Median "median" Aggregate [[NUMBER], [] => Gives::One(SoqlType::Number);]
        "The value in the middle; the mean of the two in the middle.",
        "median(ward)" => "19.5";
    StddevPop "stddev_pop" Aggregate [[NUMBER], [] => Gives::One(SoqlType::Number);]
        "The standard deviation of the values as a whole population.",
        "round(stddev_pop(ward), 3)" => "12.955";
    StddevSamp "stddev_samp" Aggregate [[NUMBER], [] => Gives::One(SoqlType::Number);]
        "The standard deviation of the values as a sample.",
        "round(stddev_samp(ward), 3)" => "13.531";
    RegrSlope "regr_slope" Aggregate [[NUMBER, NUMBER], [] => Gives::One(SoqlType::Number);]
        "The slope of the line of least squares through y and x.",
        "regr_slope(2 * ward + 1, ward)" => "2";
    RegrIntercept "regr_intercept" Aggregate [[NUMBER, NUMBER], [] => Gives::One(SoqlType::Number);]
        "Where the line of least squares through y and x meets the axis.",
        "regr_intercept(2 * ward + 1, ward)" => "1";
    RegrR2 "regr_r2" Aggregate [[NUMBER, NUMBER], [] => Gives::One(SoqlType::Number);]
        "How well the line of least squares through y and x fits, 0 to 1.",
        "regr_r2(2 * ward + 1, ward)" => "1";
    Extent "extent" Aggregate [[Same('a', Types::GEO)], [] => Gives::One(SoqlType::MultiPolygon);]
        "The box around all geometries.",
        "extent(location)" => "MULTIPOLYGON (((-87.73 41.7, -87.6 41.7, -87.6 41.95, -87.73 41.95, -87.73 41.7)))";
    ConvexHull "convex_hull" Aggregate [[Same('a', Types::GEO)], [] => Gives::One(SoqlType::MultiPolygon);]
        "The smallest polygon without a dent around all geometries.",
        "num_points(convex_hull(location))" => "7";
    SpatialUnion "spatial_union" Aggregate [[Same('a', Types::POINTS)], [] => Gives::One(SoqlType::MultiPoint); [Same('a', Types::LINES)], [] => Gives::One(SoqlType::MultiLine); [Same('a', Types::POLYGONS)], [] => Gives::One(SoqlType::MultiPolygon);]
        "All geometries as one.",
        "num_points(spatial_union(location))" => "9";
    RowNumber "row_number" Window [[], [] => Gives::One(SoqlType::Number);]
        "The number of the row in its group, from 1.",
        "row_number() OVER (ORDER BY date)" => "9";
    Rank "rank" Window [[], [] => Gives::One(SoqlType::Number);]
        "The number of the row in its group; equal rows share one, and the next numbers are left out.",
        "rank() OVER (ORDER BY primary_type)" => "9";
    DenseRank "dense_rank" Window [[], [] => Gives::One(SoqlType::Number);]
        "The number of the row in its group; equal rows share one, and no number is left out.",
        "dense_rank() OVER (ORDER BY primary_type)" => "5";
    Ntile "ntile" Window [[NUMBER], [] => Gives::One(SoqlType::Number);]
        "Which of so many parts of about equal size the row falls into.",
        "ntile(3) OVER (ORDER BY date)" => "3";
    Lag "lag" Window [[Same('a', Types::ANY)], [] => Gives::Same('a'); [Same('a', Types::ANY), NUMBER], [] => Gives::Same('a'); [Same('a', Types::ANY), NUMBER, Same('a', Types::ANY)], [] => Gives::Same('a');]
        "The value so many rows before (1 if not said), or the third where there is no such row.",
        "lag(primary_type) OVER (ORDER BY date)" => "NARCOTICS";
    Lead "lead" Window [[Same('a', Types::ANY)], [] => Gives::Same('a'); [Same('a', Types::ANY), NUMBER], [] => Gives::Same('a'); [Same('a', Types::ANY), NUMBER, Same('a', Types::ANY)], [] => Gives::Same('a');]
        "The value so many rows behind (1 if not said), or the third where there is no such row.",
        "lead(primary_type, 1, 'none') OVER (ORDER BY date)" => "THEFT";
    FirstValue "first_value" Window [[Same('a', Types::ANY)], [] => Gives::Same('a');]
        "The value of the first row of the frame.",
        "first_value(primary_type) OVER (ORDER BY date)" => "BATTERY";
    LastValue "last_value" Window [[Same('a', Types::ANY)], [] => Gives::Same('a');]
        "The value of the last row of the frame, which ends with the row itself unless a frame says otherwise.",
        "last_value(primary_type) OVER (ORDER BY date)" => "THEFT";
}

/// The functions of that name, operators left out: a scalar and an aggregate may share one.
pub fn named(name: &str) -> impl Iterator<Item = &'static Function> + '_ {
    FUNCTIONS.iter().filter(move |function| function.name == name && function.kind != Kind::Operator)
}

/// The function of that id.
pub fn of(id: FunctionId) -> &'static Function {
    // The list is in the order of the ids, being what they are made from.
    FUNCTIONS.get(id as usize).unwrap_or(&NOTHING)
}

static NOTHING: Function = Function {
    id: FunctionId::Plus,
    name: "",
    kind: Kind::Operator,
    signatures: &[],
    doc: "",
    example: "",
    answer: "",
};
