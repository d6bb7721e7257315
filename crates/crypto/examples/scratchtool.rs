#![allow(
    clippy::all,
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::expect_used
)]
#![allow(missing_docs)]
use fiks_core::{Random, Timestamp};
use fiks_crypto::{asice, cms, keystore, x509::*};
use std::{fs, io, path::PathBuf};
struct Dir(PathBuf, Option<fs::File>);
impl asice::Sink for Dir {
    fn begin(&mut self, n: &str) -> io::Result<()> {
        let p = self.0.join(n);
        fs::create_dir_all(p.parent().unwrap())?;
        self.1 = Some(fs::File::create(p)?);
        Ok(())
    }
    fn write(&mut self, c: &[u8]) -> io::Result<()> {
        io::Write::write_all(self.1.as_mut().unwrap(), c)
    }
    fn end(&mut self) -> io::Result<()> {
        self.1 = None;
        Ok(())
    }
}
fn main() {
    let a: Vec<String> = std::env::args().skip(1).collect();
    let s = |n: usize| fs::read_to_string(&a[n]).unwrap();
    let r: Result<(), fiks_crypto::Error> = (|| {
        match a[0].as_str() {
            "encrypt" => {
                let mut w = cms::encrypting_writer(fs::File::create(&a[3])?, &Certificate::from_pem(&s(1))?)?;
                io::copy(&mut fs::File::open(&a[2])?, &mut w)?;
                w.finish()?;
            }
            "decrypt" => {
                let k = cms::Keyring::from(PrivateKey::from_pem(&s(1))?);
                io::copy(
                    &mut cms::decrypting_reader(fs::File::open(&a[2])?, &k),
                    &mut fs::File::create(&a[3])?,
                )?;
            }
            "asic-write" => {
                let id = keystore::read_key_store(&fs::read(&a[1])?, Some(&a[2]), &a[3])?;
                let mut w = asice::Writer::new(
                    fs::File::create(&a[4])?,
                    &id,
                    Timestamp::real(),
                    &Random::system(),
                )?;
                for f in &a[5..] {
                    w.add(
                        PathBuf::from(f).file_name().unwrap().to_str().unwrap(),
                        "text/plain",
                        fs::File::open(f)?,
                    )?;
                }
                w.finish()?;
            }
            "asic-read" => {
                let c = asice::Reader::new(fs::File::open(&a[1])?)
                    .extract(&mut Dir(a[2].clone().into(), None))?;
                println!(
                    "files={} signers={} root={:?}",
                    c.files.len(),
                    c.signers.len(),
                    c.root
                );
                for s in &c.signers {
                    println!(
                        "{} {:?} {:?} {}",
                        s.certificate.subject_dn(),
                        s.certificate.orgnr(),
                        s.signed_at,
                        s.certificate.serial()
                    );
                }
            }
            "keys" => {
                // dir
                let d = PathBuf::from(&a[1]);
                let l = keystore::Lifetime::days(Timestamp::real(), 400);
                let ca = keystore::Authority::create("Test CA", l)?;
                let id = ca.virksomhetssertifikat(
                    fiks_core::id::Orgnr::synthetic(98_765_432),
                    "Testkommune Ærlig",
                    keystore::Usage::Signing,
                    l,
                )?;
                fs::write(d.join("k.pem"), id.key().to_pem().as_bytes())?;
                fs::write(d.join("c.pem"), id.certificate().pem())?;
                fs::write(d.join("ca.pem"), ca.certificate().pem())?;
                fs::write(d.join("ks.p12"), keystore::key_store(&id, "alias", "secret")?)?;
                fs::write(
                    d.join("trust.p12"),
                    keystore::trust_store([("ca", ca.certificate())], "secret")?,
                )?;
                let srv = ca.server_certificate(&keystore::LOCAL_HOSTS, l)?;
                fs::write(d.join("srv.pem"), srv.chain_pem())?;
                fs::write(d.join("srvkey.pem"), srv.key().to_pem().as_bytes())?;
            }
            "cert" => {
                let c = parse_public_key_upload(&s(1))?;
                println!(
                    "{} | {} | {} | {:?} | {} {}",
                    c.serial(),
                    c.subject_dn(),
                    c.issuer_dn(),
                    c.orgnr(),
                    c.valid_from(),
                    c.valid_to()
                );
            }
            _ => panic!(),
        }
        Ok(())
    })();
    if let Err(e) = r {
        use fiks_core::Problem;
        println!("ERROR {e:?} / {} {}", e.kind().code, e.text());
        std::process::exit(1);
    }
}
