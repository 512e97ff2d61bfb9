#include "common/async/callback.hpp"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace berth {

Async<void> waitFor(std::function<void()>& resume) {
  // Cheaper than a timer that never comes, and there is one such wait for each call that is served.
  const auto keep = [&resume](auto handler) {
    resume = [kept = std::make_shared<decltype(handler)>(std::move(handler))] {
      const auto executor = boost::asio::get_associated_executor(*kept);
      boost::asio::post(executor, std::move(*kept));
    };
  };
  co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void()>(
      keep, boost::asio::use_awaitable);
}

}  // namespace berth
