//! QR codes (ISO/IEC 18004), for a phone to read an address from a screen.

use musubi_kernel::secret::Secret;
use qrcode::render::svg;
use qrcode::{Color, EcLevel};

/// How many pixels a module, the code's own unit, is wide. Eight of one bit are one byte.
const PIXELS: usize = 8;
/// The light modules around the code that readers need (ISO/IEC 18004, 9.1).
const QUIET_ZONE: usize = 4;
const DARK: u8 = 0x00;
const LIGHT: u8 = 0xff;

/// A text of more bytes than a QR code holds: 2,331 at the level of correction that is used here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the text is too long for a QR code")]
pub struct TooLong;

/// A QR code. A code of a secret is as secret: it is not to be kept, and its answer not to be cached.
pub struct QrCode(qrcode::QrCode);

impl QrCode {
    /// The code of a text, such as the [address](musubi_identity::totp::TotpSecret::uri) of a phone's one-time codes. An
    /// eighth of it can be damaged and it is still read (level M).
    pub fn of(text: &Secret) -> Result<Self, TooLong> {
        qrcode::QrCode::with_error_correction_level(text.expose(), EcLevel::M).map(Self).map_err(|_| TooLong)
    }

    /// As an SVG document, black on white.
    pub fn to_svg(&self) -> String {
        let side = u32::try_from((self.0.width() + 2 * QUIET_ZONE) * PIXELS).expect("at most 185 modules");
        self.0.render::<svg::Color<'_>>().quiet_zone(true).min_dimensions(side, side).build()
    }

    /// As a PNG file, black on white, eight pixels a module.
    pub fn to_png(&self) -> Vec<u8> {
        let light = vec![LIGHT; self.0.width() + 2 * QUIET_ZONE];
        let side = u32::try_from(light.len() * PIXELS).expect("at most 185 modules");
        let colors = self.0.to_colors();
        let rows = colors.chunks(self.0.width()).map(|modules| {
            let mut row = light.clone();
            for (byte, module) in row[QUIET_ZONE..].iter_mut().zip(modules) {
                *byte = if *module == Color::Dark { DARK } else { LIGHT };
            }
            row
        });
        let margin = || std::iter::repeat_n(light.clone(), QUIET_ZONE);
        let pixels: Vec<u8> = margin().chain(rows).chain(margin()).flat_map(|row| row.repeat(PIXELS)).collect();
        png_of(side, &pixels).expect("writing to memory does not fail")
    }
}

/// A square picture of one bit a pixel.
fn png_of(side: u32, pixels: &[u8]) -> Result<Vec<u8>, png::EncodingError> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, side, side);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(pixels)?;
    writer.finish()?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use musubi_identity::totp::TotpSecret;
    use musubi_kernel::id::SystemIds;
    use std::io::Cursor;

    fn address() -> Secret {
        TotpSecret::generate(&SystemIds).uri("美容室 Musubi", "taro@example.jp")
    }

    /// The bytes of a PNG, one a pixel, and how many a row has.
    fn pixels(file: &[u8]) -> (Vec<u8>, usize) {
        let mut decoder = png::Decoder::new(Cursor::new(file));
        decoder.set_transformations(png::Transformations::EXPAND);
        let mut reader = decoder.read_info().expect("a head");
        let mut pixels = vec![0; reader.output_buffer_size().expect("fits")];
        let frame = reader.next_frame(&mut pixels).expect("a picture");
        assert_eq!(frame.width, frame.height);
        (pixels, frame.width as usize)
    }

    fn read(pixels: &[u8], width: usize) -> String {
        let mut picture = rqrr::PreparedImage::prepare_from_greyscale(width, width, |x, y| pixels[y * width + x]);
        let grids = picture.detect_grids();
        assert_eq!(grids.len(), 1);
        grids[0].decode().expect("readable").1
    }

    #[test]
    fn a_png_is_read_back() {
        for text in [address(), Secret::new("x"), Secret::new("日本".repeat(300))] {
            let (pixels, width) = pixels(&QrCode::of(&text).expect("fits").to_png());
            assert_eq!(read(&pixels, width), text.expose());
        }
    }

    #[test]
    fn a_svg_shows_the_same_as_a_png() {
        let code = QrCode::of(&address()).expect("fits");
        let (pixels, width) = pixels(&code.to_png());
        assert_eq!(drawn(&code.to_svg(), width), pixels);
    }

    /// What a SVG of black rectangles shows, one byte a pixel.
    fn drawn(svg: &str, width: usize) -> Vec<u8> {
        let (_, path) = svg.split_once("d=\"").expect("a path");
        let (path, _) = path.split_once('"').expect("its end");
        let mut pixels = vec![0xff; width * width];
        for rectangle in path.split('M').skip(1) {
            let numbers: Vec<usize> =
                rectangle.split(|c: char| !c.is_ascii_digit()).filter_map(|number| number.parse().ok()).collect();
            let [x, y, wide, high, ..] = numbers[..] else { panic!("{rectangle}") };
            for row in y..y + high {
                pixels[row * width + x..][..wide].fill(0);
            }
        }
        pixels
    }

    #[test]
    fn a_text_may_be_too_long() {
        assert!(QrCode::of(&Secret::new("x".repeat(2331))).is_ok());
        assert_eq!(QrCode::of(&Secret::new("x".repeat(2332))).err(), Some(TooLong));
    }
}
