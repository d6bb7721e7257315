#![allow(
    clippy::all,
    clippy::unwrap_used,
    clippy::pedantic,
    clippy::print_stderr,
    clippy::print_stdout,
    missing_docs
)]
mod support;
use fiks_identity::Authoriser;
use fiks_konfigurasjon::model::katalog::*;
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn probe() {
    for pg in [false, true] {
        let test = if pg {
            fiks_database::testing::postgres(vec![fiks_konfigurasjon::migrations])
                .await
                .unwrap()
                .unwrap()
        } else {
            fiks_database::testing::sqlite(vec![fiks_konfigurasjon::migrations])
                .await
                .unwrap()
        };
        let world = support::World::new(test).await;
        let tjeneste = world.ressurs(world.bo, "NOE").await;
        let mut kontoer = vec![];
        for _ in 0..500 {
            kontoer.push(world.ressurs(tjeneste, "TJENESTE_FIKSIO_KONTO").await);
        }
        world.give(&world.nobody, FIKSIO_SENDE, tjeneste).await;
        let who = support::aktor(&world.nobody);
        for k in &kontoer {
            world.service.is_authorised(&who, FIKSIO_SENDE, *k).await.unwrap();
        }
        for (name, want) in [(FIKSIO_SENDE, true), (FIKSIO_MOTTA, false)] {
            let n = 500_000;
            let start = std::time::Instant::now();
            let cpu = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
            for i in 0..n {
                assert_eq!(
                    world
                        .service
                        .is_authorised(&who, name, kontoer[i % 500])
                        .await
                        .unwrap(),
                    want
                );
            }
            let cpu2 = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
            let ns = |s: &str| s.split(' ').next().unwrap().parse::<f64>().unwrap();
            println!(
                "pg={pg} {name}: {:.0}/s wall, {:.0}/s of one core",
                n as f64 / start.elapsed().as_secs_f64(),
                n as f64 / ((ns(&cpu2) - ns(&cpu)) / 1e9)
            );
        }
    }
}
