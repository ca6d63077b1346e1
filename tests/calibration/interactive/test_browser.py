"""The page in a real browser, with a simulated camera."""

import shutil

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
BROWSER = next((path for path in map(shutil.which, BROWSERS) if path), None)
DRIVER = shutil.which("chromedriver")

pytestmark = pytest.mark.slow


@pytest.fixture
def browser():
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    if BROWSER is None or DRIVER is None:
        pytest.skip(f"no browser with its driver: one of {', '.join(BROWSERS)}, and chromedriver")
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    for word in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(word)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    yield driver
    driver.quit()


def until(browser, script):
    """Wait until a JavaScript expression is true."""
    from selenium.webdriver.support.ui import WebDriverWait

    WebDriverWait(browser, 60).until(lambda _: browser.execute_script(f"return Boolean({script})"))


def press(browser, key):
    until(browser, f"!document.getElementById('{key}').disabled")
    browser.find_element("id", key).click()


def test_a_person_takes_images_where_the_page_proposes(browser, serve):
    lab, client = serve(log=False)
    browser.get(client.url)
    field = browser.find_element("id", "joints")
    field.send_keys(", ".join(map(str, lab.scene.kinematics.home)) + "\n")
    until(browser, "document.getElementById('status').textContent.startsWith('valid')")
    browser.get(client.url)
    field = browser.find_element("id", "joints")
    until(browser, "document.getElementById('joints').value.split(', ').length == 7")
    for count in (1, 2):
        press(browser, "take")
        until(browser, f"document.documentElement.dataset.images == {count}")
        press(browser, "copy")
        lab.move([float(word) for word in field.get_property("value").split(", ")])
    assert browser.find_element("id", "calibrate").is_enabled()
    assert browser.execute_script("return document.querySelectorAll('#coverage-rows .mark.taken').length") == 14
    assert browser.find_elements("css selector", "#history svg circle")
    press(browser, "undo")
    until(browser, "document.documentElement.dataset.images == 1")
    field.clear()
    field.send_keys("1, 2")
    press(browser, "take")
    until(browser, "document.getElementById('message').textContent.includes('7 joint angles')")
    for name in ("live-image", "proposal-image"):
        until(browser, f"document.getElementById('{name}').naturalWidth == 320")
    assert [entry["message"] for entry in browser.get_log("browser") if "409" not in entry["message"]] == []


@pytest.mark.parametrize("width", [390, 1400])
def test_the_page_fits_and_loads_nothing_from_elsewhere(browser, serve, width):
    _, client = serve()
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.get(client.url)
    press(browser, "take")
    until(browser, "document.documentElement.dataset.images == 1")
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    found = browser.execute_script("return performance.getEntriesByType('resource').map((each) => each.name)")
    assert found and all(name.startswith((client.url, "data:")) for name in found)
    columns = browser.execute_script("return getComputedStyle(document.querySelector('main')).gridTemplateColumns")
    assert len(columns.split()) == (1 if width == 390 else 2)
