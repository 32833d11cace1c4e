//! The peer tantivy, in memory: trigrams by BM25, and fuzzy terms.

use clear_testkit::asked::Drawn;
use tantivy::collector::TopDocs;
use tantivy::query::{BooleanQuery, FuzzyTermQuery, Occur, Query, TermQuery};
use tantivy::schema::{FAST, Field, IndexRecordOption, Schema, TEXT, TextFieldIndexing, TextOptions};
use tantivy::tokenizer::{LowerCaser, NgramTokenizer, TextAnalyzer};
use tantivy::{Index, Searcher, TantivyDocument, Term};

type Fault = Box<dyn std::error::Error>;

pub struct Peer {
    searcher: Searcher,
    words: Field,
    grams: Field,
}

impl Peer {
    pub fn of(persons: &[Drawn]) -> Result<Peer, Fault> {
        let mut schema = Schema::builder();
        let id = schema.add_u64_field("id", FAST);
        let words = schema.add_text_field("words", TEXT);
        let indexing =
            TextFieldIndexing::default().set_tokenizer("grams").set_index_option(IndexRecordOption::WithFreqs);
        let grams = schema.add_text_field("grams", TextOptions::default().set_indexing_options(indexing));
        let index = Index::create_in_ram(schema.build());
        let analyzer = TextAnalyzer::builder(NgramTokenizer::new(3, 3, false)?).filter(LowerCaser).build();
        index.tokenizers().register("grams", analyzer);
        let mut writer = index.writer_with_num_threads(1, 200_000_000)?;
        for (at, person) in persons.iter().enumerate() {
            let mut document = TantivyDocument::default();
            let name = format!("{} {}", person.given, person.family);
            document.add_u64(id, at as u64);
            document.add_text(words, &name);
            document.add_text(grams, format!(" {name} "));
            writer.add_document(document)?;
        }
        writer.commit()?;
        writer.wait_merging_threads()?;
        Ok(Peer { searcher: index.reader()?.searcher(), words, grams })
    }

    fn first(&self, query: &dyn Query) -> Result<Vec<usize>, Fault> {
        let found = self.searcher.search(query, &TopDocs::with_limit(20).order_by_score())?;
        let mut ids = Vec::new();
        for (_, address) in found {
            let column = self.searcher.segment_reader(address.segment_ord).fast_fields().u64("id")?;
            ids.extend(column.first(address.doc_id).and_then(|id| usize::try_from(id).ok()));
        }
        Ok(ids)
    }

    pub fn trigrams(&self, asked: &str) -> Result<Vec<usize>, Fault> {
        let text: Vec<char> = format!(" {} ", asked.to_lowercase()).chars().collect();
        let term = |gram: &[char]| Term::from_field_text(self.grams, &gram.iter().collect::<String>());
        let query = |gram: &[char]| -> (Occur, Box<dyn Query>) {
            (Occur::Should, Box::new(TermQuery::new(term(gram), IndexRecordOption::WithFreqs)))
        };
        self.first(&BooleanQuery::new(text.windows(3).map(query).collect()))
    }

    pub fn fuzzy(&self, asked: &str) -> Result<Vec<usize>, Fault> {
        let query = |word: &str| -> (Occur, Box<dyn Query>) {
            let term = Term::from_field_text(self.words, word);
            let distance = if word.chars().count() <= 5 { 1 } else { 2 };
            (Occur::Must, Box::new(FuzzyTermQuery::new(term, distance, true)))
        };
        let asked = asked.to_lowercase();
        let words = asked.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        self.first(&BooleanQuery::new(words.map(query).collect()))
    }
}
