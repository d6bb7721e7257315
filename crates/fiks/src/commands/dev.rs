//! `fiks dev`.

use tokio::sync::watch;

use super::output::line;
use crate::cli;
use crate::dev::{self, DevJson, Options, Ports};

pub async fn run(flags: cli::Dev) -> anyhow::Result<()> {
    let ports = Ports {
        http: flags.http_port,
        https: flags.https_port,
        amqp: flags.amqp_port,
        amqps: flags.amqps_port,
    };
    let options = Options {
        data: flags.data,
        fresh: flags.fresh,
        ports,
    };
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(async move {
        asked_to_stop().await;
        stop.send_replace(true);
        // A second time means now.
        asked_to_stop().await;
        std::process::exit(130);
    });
    dev::run(&options, stopped, welcome).await?;
    line("Stoppet. Alt er lagret.");
    Ok(())
}

async fn asked_to_stop() {
    let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

/// What a newcomer needs, in the order in which it is needed.
fn welcome(dev: &DevJson) {
    let file = dev.data.join("dev.json");
    line(&format!(
        "\nfiks er klar.\n\n\
         Startside      {http}/\n\
         API            {http}/api   ({https})\n\
         AMQP           {host}:{port}, med TLS {host}:{tls}\n\
         Maskinporten   {token}\n\
         Data           {data}\n\
         For programmer {file}\n",
        http = dev.api.http,
        https = dev.api.https,
        host = dev.amqp.host,
        port = dev.amqp.port,
        tls = dev.amqp.tls_port,
        token = dev.maskinporten.token_endpoint,
        data = dev.data.display(),
        file = file.display(),
    ));
    line("To kommuner er klare, hver med en integrasjon og en konto:");
    for organisasjon in &dev.organisasjoner {
        for konto in &organisasjon.kontoer {
            line(&format!(
                "  {:<18} {}  {}",
                organisasjon.navn, konto.konto_id, konto.navn
            ));
        }
    }
    let flag = dev_json_flag(&file);
    line(&format!(
        "\nDin første melding, i to andre terminaler:\n  \
         fiks lytt{flag} --organisasjon Fjordvik\n  \
         fiks send{flag} --fra Bergheim --til Fjordvik --tekst \"Hei, Fjordvik!\"\n\n\
         Fra kildekoden: cargo run -q -- lytt …   Stopp med Ctrl-C.\n"
    ));
}

/// Nothing when the commands find the file by themselves.
fn dev_json_flag(file: &std::path::Path) -> String {
    let standard = std::env::current_dir().map(|here| here.join("data/dev.json"));
    match standard {
        Ok(standard) if standard == file => String::new(),
        _ => format!(" --dev-json {}", file.display()),
    }
}
