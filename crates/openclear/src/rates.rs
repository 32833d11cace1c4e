//! How often one address may ask the open-data API.

use clear_web::Rates;
use jiff::SignedDuration;

/// What one address may ask of open data.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct HowOften {
    /// Requests a second to the open-data API from one address that says no application token.
    #[arg(long, value_name = "N", default_value_t = Rates::default().without_token, env = "OPENCLEAR_OPEN_DATA_RATE", value_parser = rate)]
    pub(crate) open_data_rate: f64,
    /// The same for each application token of an address; all its tokens together have ten times that.
    #[arg(long, value_name = "N", default_value_t = Rates::default().with_token, env = "OPENCLEAR_OPEN_DATA_TOKEN_RATE", value_parser = rate)]
    pub(crate) open_data_token_rate: f64,
    /// How much rest is saved up and may be asked at once: `10s`.
    #[arg(long, value_name = "TIME", default_value = "10s", env = "OPENCLEAR_OPEN_DATA_BURST", value_parser = burst)]
    pub(crate) open_data_burst: SignedDuration,
}

impl HowOften {
    pub(crate) fn rates(&self) -> Rates {
        Rates {
            without_token: self.open_data_rate,
            with_token: self.open_data_token_rate,
            burst_seconds: self.open_data_burst.as_secs_f64(),
        }
    }
}

fn rate(text: &str) -> Result<f64, String> {
    let rate = text.parse::<f64>().ok().filter(|rate| rate.is_finite() && *rate > 0.0);
    rate.ok_or_else(|| "write a number of requests above 0, like `100` or `0.5`".to_owned())
}

fn burst(text: &str) -> Result<SignedDuration, String> {
    let burst: SignedDuration = text.parse().map_err(|error: jiff::Error| error.to_string())?;
    if burst.is_positive() { Ok(burst) } else { Err("write a time above 0, like `10s`".to_owned()) }
}
